package main

import (
	"context"
	"fmt"

	"github.com/aws/aws-lambda-go/lambda"
)

type event struct {
	Name string `json:"name"`
}

type answer struct {
	Greeting string `json:"greeting"`
}

func hello(_ context.Context, asked event) (answer, error) {
	fmt.Println("greeting", asked.Name)
	return answer{"Hello, " + asked.Name}, nil
}

func main() {
	lambda.Start(hello)
}
