const { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } = require("@aws-sdk/client-s3");
const { CreateQueueCommand, ReceiveMessageCommand, SendMessageCommand, SQSClient } = require("@aws-sdk/client-sqs");
const { CreateTableCommand, DynamoDBClient, GetItemCommand, PutItemCommand } = require("@aws-sdk/client-dynamodb");
const { InvokeCommand, LambdaClient } = require("@aws-sdk/client-lambda");

const name = "node";

async function calls() {
  const s3 = new S3Client();
  await s3.send(new CreateBucketCommand({ Bucket: name }));
  await s3.send(new PutObjectCommand({ Bucket: name, Key: "a b/ü", Body: "photo" }));
  const object = await s3.send(new GetObjectCommand({ Bucket: name, Key: "a b/ü" }));

  const sqs = new SQSClient();
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name }));
  await sqs.send(new SendMessageCommand({ QueueUrl: process.env.QUEUE_URL || QueueUrl, MessageBody: "message" }));
  const got = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 5 }));

  const tables = new DynamoDBClient();
  await tables.send(new CreateTableCommand({
    TableName: name, BillingMode: "PAY_PER_REQUEST",
    KeySchema: [{ AttributeName: "k", KeyType: "HASH" }],
    AttributeDefinitions: [{ AttributeName: "k", AttributeType: "S" }],
  }));
  await tables.send(new PutItemCommand({ TableName: name, Item: { k: { S: "item" } } }));
  const row = await tables.send(new GetItemCommand({ TableName: name, Key: { k: { S: "item" } } }));

  const lambda = new LambdaClient();
  const invoked = await lambda.send(new InvokeCommand({ FunctionName: "echo", Payload: '"event"' }));
  return {
    s3: await object.Body.transformToString(),
    sqs: got.Messages[0].Body,
    dynamodb: row.Item.k.S,
    lambda: JSON.parse(Buffer.from(invoked.Payload)),
  };
}

exports.handler = calls;
if (require.main === module) {
  calls().then((found) => console.log(JSON.stringify(found)));
}
