import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.Record;
import software.amazon.awssdk.services.kinesis.model.ResourceNotFoundException;
import software.amazon.awssdk.services.kinesis.model.ShardIteratorType;
import software.amazon.awssdk.services.kinesis.model.SubscribeToShardEvent;
import software.amazon.awssdk.services.kinesis.model.SubscribeToShardResponseHandler;

/** The client that waits, and the one of Netty that speaks HTTP/2, both as they come. */
public class Streams {
  static final String SHARD = "shardId-000000000000";

  public static void main(String[] arguments) throws Exception {
    KinesisClient waits = KinesisClient.create();
    KinesisAsyncClient pushed = KinesisAsyncClient.create();
    System.out.printf(
        "{\"waits\": %s, \"async\": %s, \"pushed\": %s, \"refused\": \"%s\"}%n",
        waited(waits), asked(pushed), subscribed(pushed), refused(waits));
    System.exit(0);
  }

  static String waited(KinesisClient kinesis) {
    String name = "java-waits";
    kinesis.createStream(it -> it.streamName(name).shardCount(1));
    kinesis.waiter().waitUntilStreamExists(it -> it.streamName(name));
    for (String text : List.of("a", "b", "c")) {
      kinesis.putRecord(it -> it.streamName(name).partitionKey("k").data(SdkBytes.fromUtf8String(text)));
    }
    String iterator =
        kinesis
            .getShardIterator(
                it -> it.streamName(name).shardId(SHARD).shardIteratorType(ShardIteratorType.TRIM_HORIZON))
            .shardIterator();
    return texts(kinesis.getRecords(it -> it.shardIterator(iterator)).records());
  }

  static String asked(KinesisAsyncClient kinesis) {
    String name = "java-async";
    kinesis.createStream(it -> it.streamName(name).shardCount(1)).join();
    List<CompletableFuture<?>> puts =
        List.of("a", "b", "c").stream()
            .<CompletableFuture<?>>map(
                text ->
                    kinesis.putRecord(
                        it -> it.streamName(name).partitionKey("k").data(SdkBytes.fromUtf8String(text))))
            .collect(Collectors.toList());
    puts.forEach(CompletableFuture::join);
    String iterator =
        kinesis
            .getShardIterator(
                it -> it.streamName(name).shardId(SHARD).shardIteratorType(ShardIteratorType.TRIM_HORIZON))
            .join()
            .shardIterator();
    List<Record> found = kinesis.getRecords(it -> it.shardIterator(iterator)).join().records();
    return texts(
        found.stream()
            .sorted((one, other) -> one.data().asUtf8String().compareTo(other.data().asUtf8String()))
            .collect(Collectors.toList()));
  }

  static String subscribed(KinesisAsyncClient kinesis) throws Exception {
    String arn =
        kinesis
            .describeStreamSummary(it -> it.streamName("java-async"))
            .join()
            .streamDescriptionSummary()
            .streamARN();
    String consumer =
        kinesis.registerStreamConsumer(it -> it.streamARN(arn).consumerName("c")).join().consumer().consumerARN();
    BlockingQueue<String> came = new LinkedBlockingQueue<>();
    CompletableFuture<Void> begun = new CompletableFuture<>();
    SubscribeToShardResponseHandler handler =
        SubscribeToShardResponseHandler.builder()
            .onResponse(response -> begun.complete(null))
            .onError(begun::completeExceptionally)
            .subscriber(
                event -> {
                  if (event instanceof SubscribeToShardEvent) {
                    ((SubscribeToShardEvent) event).records().forEach(one -> came.add(one.data().asUtf8String()));
                  }
                })
            .build();
    kinesis.subscribeToShard(
        it ->
            it.consumerARN(consumer)
                .shardId(SHARD)
                .startingPosition(position -> position.type(ShardIteratorType.LATEST)),
        handler);
    begun.get(30, TimeUnit.SECONDS);
    for (String text : List.of("d", "e")) {
      kinesis
          .putRecord(it -> it.streamName("java-async").partitionKey("k").data(SdkBytes.fromUtf8String(text)))
          .join();
    }
    return "[\"" + came.poll(30, TimeUnit.SECONDS) + "\", \"" + came.poll(30, TimeUnit.SECONDS) + "\"]";
  }

  static String refused(KinesisClient kinesis) {
    try {
      kinesis.describeStream(it -> it.streamName("absent"));
      return "nothing";
    } catch (ResourceNotFoundException error) {
      return error.awsErrorDetails().errorCode();
    }
  }

  static String texts(List<Record> records) {
    return records.stream()
        .map(one -> "\"" + one.data().asUtf8String() + "\"")
        .collect(Collectors.joining(", ", "[", "]"));
  }
}
