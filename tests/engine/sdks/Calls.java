import java.time.Instant;
import java.util.Map;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.cloudwatch.CloudWatchClient;
import software.amazon.awssdk.services.cloudwatch.model.MetricDatum;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeDefinition;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.BillingMode;
import software.amazon.awssdk.services.dynamodb.model.KeySchemaElement;
import software.amazon.awssdk.services.dynamodb.model.KeyType;
import software.amazon.awssdk.services.dynamodb.model.ScalarAttributeType;
import software.amazon.awssdk.services.lambda.LambdaClient;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.sqs.SqsClient;

public class Calls {
  static final String NAME = "java", KEY = "a b/ü";

  public static void main(String[] arguments) {
    System.out.printf(
        "{\"s3\": \"%s\", \"sqs\": \"%s\", \"dynamodb\": \"%s\", \"lambda\": %s, \"cloudwatch\": \"%s\"}%n",
        object(), message(), item(), invocation(), metric());
  }

  static String object() {
    S3Client s3 = S3Client.create();
    s3.createBucket(it -> it.bucket(NAME));
    s3.putObject(it -> it.bucket(NAME).key(KEY), RequestBody.fromString("photo"));
    return s3.getObjectAsBytes(it -> it.bucket(NAME).key(KEY)).asUtf8String();
  }

  static String message() {
    SqsClient sqs = SqsClient.create();
    String queue = sqs.createQueue(it -> it.queueName(NAME)).queueUrl();
    sqs.sendMessage(it -> it.queueUrl(queue).messageBody("message"));
    return sqs.receiveMessage(it -> it.queueUrl(queue).waitTimeSeconds(5)).messages().get(0).body();
  }

  static String item() {
    DynamoDbClient tables = DynamoDbClient.create();
    tables.createTable(
        it ->
            it.tableName(NAME)
                .billingMode(BillingMode.PAY_PER_REQUEST)
                .keySchema(KeySchemaElement.builder().attributeName("k").keyType(KeyType.HASH).build())
                .attributeDefinitions(
                    AttributeDefinition.builder().attributeName("k").attributeType(ScalarAttributeType.S).build()));
    Map<String, AttributeValue> item = Map.of("k", AttributeValue.fromS("item"));
    tables.putItem(it -> it.tableName(NAME).item(item));
    return tables.getItem(it -> it.tableName(NAME).key(item)).item().get("k").s();
  }

  static String invocation() {
    LambdaClient lambda = LambdaClient.create();
    return lambda.invoke(it -> it.functionName("echo").payload(SdkBytes.fromUtf8String("\"event\""))).payload().asUtf8String();
  }

  static String metric() {
    CloudWatchClient metrics = CloudWatchClient.create();
    MetricDatum datum = MetricDatum.builder().metricName("calls").value(1.0).timestamp(Instant.now()).build();
    metrics.putMetricData(it -> it.namespace(NAME).metricData(datum));
    return metrics.listMetrics(it -> it.namespace(NAME)).metrics().get(0).metricName();
  }
}
