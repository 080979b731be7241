// Notes: an API in front of a table, pages in a bucket, and what custom resources make of them when the stack is deployed.
const cdk = require("aws-cdk-lib");
const { LambdaRestApi } = require("aws-cdk-lib/aws-apigateway");
const { AttributeType, Table } = require("aws-cdk-lib/aws-dynamodb");
const { CfnFunction, Code, Function, Runtime } = require("aws-cdk-lib/aws-lambda");
const { Bucket } = require("aws-cdk-lib/aws-s3");
const { BucketDeployment, Source } = require("aws-cdk-lib/aws-s3-deployment");
const { AwsCustomResource, AwsCustomResourcePolicy, PhysicalResourceId, Provider } = require("aws-cdk-lib/custom-resources");

class Notes extends cdk.Stack {
  constructor(scope, id) {
    super(scope, id);
    const removalPolicy = cdk.RemovalPolicy.DESTROY;
    const table = new Table(this, "Table", { partitionKey: { name: "id", type: AttributeType.STRING }, removalPolicy });
    const pages = new Bucket(this, "Pages", { removalPolicy, autoDeleteObjects: true });
    new BucketDeployment(this, "Upload", { sources: [Source.asset("pages")], destinationBucket: pages });

    cdk.Aspects.of(this).add({ visit: onThisMachine }); // what uploads is for arm64, wherever it is deployed

    const handler = this.function("Handler", "app.handler", { TABLE: table.tableName, PAGES: pages.bucketName });
    table.grantReadWriteData(handler);
    pages.grantRead(handler);
    new LambdaRestApi(this, "Api", { handler });

    const Item = { id: { S: "welcome" }, text: { S: "Write something" } };
    new AwsCustomResource(this, "Welcome", {
      onCreate: {
        service: "DynamoDB",
        action: "putItem",
        parameters: { TableName: table.tableName, Item },
        physicalResourceId: PhysicalResourceId.of("welcome"),
      },
      policy: AwsCustomResourcePolicy.fromSdkCalls({ resources: [table.tableArn] }),
      installLatestAwsSdk: false,
    });

    const provider = new Provider(this, "Provider", {
      onEventHandler: this.function("Greeter", "app.on_event"),
      isCompleteHandler: this.function("Greeted", "app.is_complete"), // asked by a state machine until it says so
      queryInterval: cdk.Duration.seconds(1),
    });
    const greeting = new cdk.CustomResource(this, "Greeting", {
      serviceToken: provider.serviceToken,
      resourceType: "Custom::Greeting",
      properties: { Name: this.node.tryGetContext("name") ?? "Ada" },
    });
    new cdk.CfnOutput(this, "Text", { value: greeting.getAttString("Text") });
  }

  function(id, handler, environment) {
    const code = Code.fromAsset("function"), timeout = cdk.Duration.seconds(30);
    return new Function(this, id, { runtime: Runtime.PYTHON_3_13, handler, code, environment, memorySize: 512, timeout });
  }
}

function onThisMachine(node) {
  if (node instanceof CfnFunction) node.architectures = [process.arch === "arm64" ? "arm64" : "x86_64"];
}

new Notes(new cdk.App(), "Notes");
