// What the suite asks of every language, by the name in `do`. In CommonJS, which every Node.js runs.
"use strict";
const fs = require("fs");
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
let calls = 0;
const beats = [];
const taken = [];

class Own extends Error {
  constructor(message) {
    super(message);
    this.name = "Own";
  }
}

const actions = {
  echo: ({ value }) => value,
  calls: () => calls,
  throw: ({ value }) => {
    throw new RangeError(value);
  },
  throw_own: ({ value }) => {
    throw new Own(value);
  },
  throw_cause: ({ value }) => {
    throw new RangeError(value, { cause: new TypeError("below") });
  },
  throw_odd: ({ value }) => {
    throw value;
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
    identity: context.identity ? context.identity.cognitoIdentityId : null,
    custom: context.clientContext ? context.clientContext.custom : null,
    title: context.clientContext ? context.clientContext.client.app_title : null,
    trace: process.env._X_AMZN_TRACE_ID,
  }),
  left: async ({ value }, context) => {
    const before = context.getRemainingTimeInMillis();
    await sleep(value);
    return [before, context.getRemainingTimeInMillis()];
  },
  environment: () => process.env,
  layer: () => require("layered").word,
  print: ({ value }) => {
    process.stdout.write(`${value}\n`);
    console.log(`${value} by the logger`);
    return null;
  },
  log: ({ value }) => {
    console[value](`at ${value}`);
    return null;
  },
  large: ({ value }) => "x".repeat(value),
  exit: ({ value }) => process.exit(value),
  kill: ({ value }) => {
    process.kill(process.pid, value || "SIGKILL");
    return new Promise(() => {});
  },
  sleep: async ({ value }) => {
    await sleep(1000 * value);
    return null;
  },
  fill: ({ value }) => {
    for (let i = 0; i < value; i++) taken.push(Buffer.alloc(1024 * 1024, "x"));
    return value;
  },
  write: ({ value }) => {
    try {
      fs.writeFileSync(value, "x");
      return true;
    } catch {
      return false;
    }
  },
  read: ({ value }) => (fs.existsSync(value) ? fs.readFileSync(value, "utf8") : null),
  beat: () => {
    beats.push(performance.now());
    setInterval(() => beats.push(performance.now()), 2);
    return null;
  },
  pause: async () => {
    const seen = beats.length;
    while (beats.length < seen + 5) await sleep(2);
    return Math.round(Math.max(...beats.slice(1).map((at, i) => at - beats[i])));
  },
};

exports.handler = async (event, context) => {
  calls += 1;
  return actions[event.do](event, context);
};
