const K = require("@aws-sdk/client-kinesis");

exports.handler = async ({ name }) => {
  const c = new K.KinesisClient({}), StreamName = name, ShardId = "shardId-000000000000";
  const text = (one) => Buffer.from(one.Data).toString();
  const put = (data) => c.send(new K.PutRecordCommand({ StreamName, Data: Buffer.from(data), PartitionKey: "k" }));
  await c.send(new K.CreateStreamCommand({ StreamName, ShardCount: 1 }));
  await Promise.all(["a", "b", "c"].map(put));
  const from = { StreamName, ShardId, ShardIteratorType: "TRIM_HORIZON" };
  const { ShardIterator } = await c.send(new K.GetShardIteratorCommand(from));
  const read = (await c.send(new K.GetRecordsCommand({ ShardIterator }))).Records.map(text).sort();
  const { StreamARN } = (await c.send(new K.DescribeStreamSummaryCommand({ StreamName }))).StreamDescriptionSummary;
  const { Consumer } = await c.send(new K.RegisterStreamConsumerCommand({ StreamARN, ConsumerName: "c" }));
  const wanted = { ConsumerARN: Consumer.ConsumerARN, ShardId, StartingPosition: { Type: "LATEST" } };
  const { EventStream } = await c.send(new K.SubscribeToShardCommand(wanted));
  await put("d");
  await put("e");
  const pushed = [];
  for await (const event of EventStream) {
    pushed.push(...event.SubscribeToShardEvent.Records.map(text));
    if (pushed.length > 1) break;
  }
  const refused = await c.send(new K.DescribeStreamCommand({ StreamName: "absent" })).catch((error) => error.name);
  return { read, pushed, refused, protocol: c.config.requestHandler.metadata.handlerProtocol };
};

if (require.main === module) {
  exports.handler({ name: "node" }).then((found) => {
    console.log(JSON.stringify(found));
    process.exit(0);
  });
}
