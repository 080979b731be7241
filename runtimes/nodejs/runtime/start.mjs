// Starts version 3 of AWS's client, which its package leaves to a program that prints a line of its own.
import { run } from "./client.mjs";

await run(process.env.LAMBDA_TASK_ROOT, process.env._HANDLER);
