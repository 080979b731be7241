// What the suite asks of every language, by the name in `do`. In CommonJS, which every Node.js runs.
"use strict";
let calls = 0;

const actions = {
  echo: ({ value }) => value,
  calls: () => calls,
  throw: ({ value }) => {
    throw new RangeError(value);
  },
  context: (_, context) => ({
    id: context.awsRequestId,
    name: context.functionName,
    version: context.functionVersion,
    arn: context.invokedFunctionArn,
    memory: context.memoryLimitInMB,
    group: context.logGroupName,
    stream: context.logStreamName,
    left: context.getRemainingTimeInMillis(),
    custom: context.clientContext ? context.clientContext.custom : null,
    trace: process.env._X_AMZN_TRACE_ID,
  }),
  environment: () => process.env,
  print: ({ value }) => {
    process.stdout.write(`${value}\n`);
    console.log(`${value} by the logger`);
    return null;
  },
  exit: ({ value }) => process.exit(value),
  kill: () => {
    process.kill(process.pid, "SIGKILL");
    return new Promise(() => {});
  },
  large: ({ value }) => "x".repeat(value),
  layer: () => require("layered").word,
};

exports.handler = async (event, context) => {
  calls += 1;
  return actions[event.do](event, context);
};
