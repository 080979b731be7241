package main

import "github.com/aws/aws-lambda-go/lambda"

type order struct {
	Item  string `json:"item"`
	Count int    `json:"count"`
}

func main() {
	lambda.Start(func(given order) (order, error) {
		given.Count *= 2
		return given, nil
	})
}
