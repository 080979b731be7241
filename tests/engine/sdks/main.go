package main

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func main() {
	ctx, name := context.Background(), aws.String("golang")
	settings := must(config.LoadDefaultConfig(ctx))
	found := map[string]any{}

	objects := s3.NewFromConfig(settings)
	must(objects.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: name}))
	key := aws.String("a b/ü")
	must(objects.PutObject(ctx, &s3.PutObjectInput{Bucket: name, Key: key, Body: strings.NewReader("photo")}))
	object := must(objects.GetObject(ctx, &s3.GetObjectInput{Bucket: name, Key: key}))
	found["s3"] = string(must(io.ReadAll(object.Body)))

	queues := sqs.NewFromConfig(settings)
	queue := must(queues.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: name})).QueueUrl
	must(queues.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: queue, MessageBody: aws.String("message")}))
	got := must(queues.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: queue, WaitTimeSeconds: 5}))
	found["sqs"] = *got.Messages[0].Body

	tables := dynamodb.NewFromConfig(settings)
	must(tables.CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName: name, BillingMode: dynamotypes.BillingModePayPerRequest,
		KeySchema:            []dynamotypes.KeySchemaElement{{AttributeName: aws.String("k"), KeyType: dynamotypes.KeyTypeHash}},
		AttributeDefinitions: []dynamotypes.AttributeDefinition{{AttributeName: aws.String("k"), AttributeType: "S"}},
	}))
	item := map[string]dynamotypes.AttributeValue{"k": &dynamotypes.AttributeValueMemberS{Value: "item"}}
	must(tables.PutItem(ctx, &dynamodb.PutItemInput{TableName: name, Item: item}))
	row := must(tables.GetItem(ctx, &dynamodb.GetItemInput{TableName: name, Key: item}))
	found["dynamodb"] = row.Item["k"].(*dynamotypes.AttributeValueMemberS).Value

	invoked := must(lambda.NewFromConfig(settings).Invoke(ctx, &lambda.InvokeInput{
		FunctionName: aws.String("echo"), Payload: []byte(`"event"`),
	}))
	found["lambda"] = json.RawMessage(invoked.Payload)
	json.NewEncoder(os.Stdout).Encode(found)
}
