package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func texts(records []types.Record) []string {
	found := []string{}
	for _, one := range records {
		found = append(found, string(one.Data))
	}
	return found
}

func main() {
	ctx, name, shard := context.Background(), aws.String("golang"), aws.String("shardId-000000000000")
	client := kinesis.NewFromConfig(must(config.LoadDefaultConfig(ctx)))
	put := func(text string) {
		must(client.PutRecord(ctx, &kinesis.PutRecordInput{
			StreamName: name, PartitionKey: aws.String("k"), Data: []byte(text),
		}))
	}
	found := map[string]any{}

	must(client.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: name, ShardCount: aws.Int32(1)}))
	for _, text := range []string{"a", "b", "c"} {
		put(text)
	}
	from := must(client.GetShardIterator(ctx, &kinesis.GetShardIteratorInput{
		StreamName: name, ShardId: shard, ShardIteratorType: types.ShardIteratorTypeTrimHorizon,
	}))
	found["read"] = texts(must(client.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: from.ShardIterator})).Records)

	summary := must(client.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: name}))
	consumer := must(client.RegisterStreamConsumer(ctx, &kinesis.RegisterStreamConsumerInput{
		StreamARN: summary.StreamDescriptionSummary.StreamARN, ConsumerName: aws.String("c"),
	}))
	events := must(client.SubscribeToShard(ctx, &kinesis.SubscribeToShardInput{
		ConsumerARN: consumer.Consumer.ConsumerARN, ShardId: shard,
		StartingPosition: &types.StartingPosition{Type: types.ShardIteratorTypeLatest},
	})).GetStream()
	put("d")
	put("e")
	pushed := []string{}
	for len(pushed) < 2 {
		event := (<-events.Events()).(*types.SubscribeToShardEventStreamMemberSubscribeToShardEvent)
		pushed = append(pushed, texts(event.Value.Records)...)
	}
	found["pushed"] = pushed
	events.Close()

	_, err := client.DescribeStream(ctx, &kinesis.DescribeStreamInput{StreamName: aws.String("absent")})
	var absent *types.ResourceNotFoundException
	if errors.As(err, &absent) {
		found["refused"] = absent.ErrorCode()
	}
	json.NewEncoder(os.Stdout).Encode(found)
}
