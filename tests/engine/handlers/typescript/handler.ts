import { SQSClient } from "@aws-sdk/client-sqs";
import type { Order, Total } from "./orders";
import { totalOf } from "./orders";

const queues: Promise<string> = Promise.resolve(new SQSClient({}).config.serviceId);

export const handler = async (order: Order): Promise<Total & { by: string }> => ({
  ...totalOf(order),
  by: await queues,
});
