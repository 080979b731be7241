const {
  CloudWatchLogsClient, CreateLogGroupCommand, CreateLogStreamCommand, FilterLogEventsCommand, GetQueryResultsCommand,
  PutLogEventsCommand, StartLiveTailCommand, StartQueryCommand,
} = require("@aws-sdk/client-cloudwatch-logs");

const logGroupName = "node", logStreamName = "s1";

async function calls({ arn }) {
  const logs = new CloudWatchLogsClient();
  await logs.send(new CreateLogGroupCommand({ logGroupName }));
  await logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName }));
  const tail = await logs.send(new StartLiveTailCommand({ logGroupIdentifiers: [arn] }));
  const event = { timestamp: Date.now(), message: '{"n": 1}' };
  await logs.send(new PutLogEventsCommand({ logGroupName, logStreamName, logEvents: [event] }));
  const followed = [];
  for await (const { sessionUpdate } of tail.responseStream) {
    followed.push(...(sessionUpdate?.sessionResults ?? []).map((one) => one.message));
    if (followed.length) break;
  }
  const found = await logs.send(new FilterLogEventsCommand({ logGroupName, filterPattern: "{ $.n = 1 }" }));
  const query = { logGroupName, startTime: 0, endTime: Math.ceil(Date.now() / 1000) + 60, queryString: "fields n" };
  const { queryId } = await logs.send(new StartQueryCommand(query));
  let answer;
  do {
    answer = await logs.send(new GetQueryResultsCommand({ queryId }));
  } while (answer.status !== "Complete");
  return { followed, found: found.events.map((one) => one.message), n: answer.results[0][0].value };
}

exports.handler = calls;
