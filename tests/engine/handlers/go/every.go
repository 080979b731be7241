// What the suite asks of every language, by the name in "do".
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type request struct {
	Do    string
	Value json.RawMessage
}

type own struct{ text string }

func (e own) Error() string { return e.text }

var calls int
var beats []time.Time
var taken [][]byte
var logger = lambdacontext.NewLogger()

func text(value json.RawMessage) (found string) {
	json.Unmarshal(value, &found)
	return
}

func number(value json.RawMessage) (found int) {
	json.Unmarshal(value, &found)
	return
}

func left(ctx context.Context) int64 {
	deadline, _ := ctx.Deadline()
	return time.Until(deadline).Milliseconds()
}

func handle(ctx context.Context, asked request) (any, error) {
	calls++
	value := asked.Value
	switch asked.Do {
	case "echo":
		return value, nil
	case "calls":
		return calls, nil
	case "throw":
		return nil, errors.New(text(value))
	case "throw_own":
		return nil, own{text(value)}
	case "throw_cause":
		return nil, fmt.Errorf("%s: %w", text(value), errors.New("below"))
	case "throw_odd":
		panic(text(value))
	case "context":
		return about(ctx), nil
	case "left":
		before := left(ctx)
		time.Sleep(time.Duration(number(value)) * time.Millisecond)
		return []int64{before, left(ctx)}, nil
	case "environment":
		found := map[string]string{}
		for _, line := range os.Environ() {
			name, set, _ := strings.Cut(line, "=")
			found[name] = set
		}
		return found, nil
	case "layer":
		word, err := os.ReadFile("/opt/layered")
		return string(word), err
	case "print":
		fmt.Println(text(value))
		logger.WarnContext(ctx, text(value)+" by the logger")
		return nil, nil
	case "log":
		level := map[string]func(context.Context, string, ...any){
			"debug": logger.DebugContext, "info": logger.InfoContext, "warn": logger.WarnContext, "error": logger.ErrorContext,
		}
		level[text(value)](ctx, "at "+text(value))
		return nil, nil
	case "large":
		return strings.Repeat("x", number(value)), nil
	case "exit":
		os.Exit(number(value))
	case "kill":
		syscall.Kill(os.Getpid(), syscall.Signal(number(value)))
		time.Sleep(time.Minute)
	case "sleep":
		time.Sleep(time.Duration(number(value)) * time.Second)
		return nil, nil
	case "fill":
		for n := 0; n < number(value); n++ {
			taken = append(taken, []byte(strings.Repeat("x", 1<<20)))
		}
		return len(taken), nil
	case "write":
		return os.WriteFile(text(value), []byte("x"), 0o644) == nil, nil
	case "read":
		found, err := os.ReadFile(text(value))
		if err != nil {
			return nil, nil
		}
		return string(found), nil
	case "beat":
		beats = append(beats, time.Now())
		go func() {
			for {
				time.Sleep(2 * time.Millisecond)
				beats = append(beats, time.Now())
			}
		}()
		return nil, nil
	case "pause":
		return pause(), nil
	}
	return nil, fmt.Errorf("nobody does %s", asked.Do)
}

func about(ctx context.Context) map[string]any {
	told, _ := lambdacontext.FromContext(ctx)
	found := map[string]any{
		"id":      told.AwsRequestID,
		"name":    lambdacontext.FunctionName,
		"version": lambdacontext.FunctionVersion,
		"arn":     told.InvokedFunctionArn,
		"memory":  lambdacontext.MemoryLimitInMB,
		"group":   lambdacontext.LogGroupName,
		"stream":  lambdacontext.LogStreamName,
		"left":    left(ctx),
		"trace":   ctx.Value("x-amzn-trace-id"),
	}
	if told.Identity.CognitoIdentityID != "" {
		found["identity"] = told.Identity.CognitoIdentityID
	}
	if told.ClientContext.Custom != nil {
		found["custom"] = told.ClientContext.Custom
		found["title"] = told.ClientContext.Client.AppTitle
	}
	return found
}

func pause() int64 {
	for seen := len(beats); len(beats) < seen+5; {
		time.Sleep(2 * time.Millisecond)
	}
	var longest time.Duration
	for n := 1; n < len(beats); n++ {
		longest = max(longest, beats[n].Sub(beats[n-1]))
	}
	return longest.Milliseconds()
}

// A handler that sees events as they came, and writes its answers itself.
type bytes struct{}

func (bytes) Invoke(_ context.Context, event []byte) ([]byte, error) {
	return []byte(`"bytes ` + string(event) + `"`), nil
}

// Comes in two pieces.
type slow struct{ pieces int }

func (s *slow) Read(to []byte) (int, error) {
	s.pieces++
	switch s.pieces {
	case 1:
		return copy(to, "one "), nil
	case 2:
		time.Sleep(10 * time.Millisecond)
		return copy(to, "two"), nil
	}
	return 0, io.EOF
}

func main() {
	switch os.Getenv("_HANDLER") {
	case "every":
		lambda.Start(handle)
	case "broken":
		panic("broken from the start")
	case "ends":
		status, _ := strconv.Atoi(os.Getenv("ENDS"))
		if status < 0 {
			syscall.Kill(os.Getpid(), syscall.Signal(-status))
			time.Sleep(time.Minute)
		}
		os.Exit(status)
	case "bytes":
		lambda.Start(bytes{})
	case "streamed":
		lambda.Start(func() (io.Reader, error) { return &slow{}, nil })
	case "nothing":
		lambda.Start(func() error { return nil })
	case "typed":
		lambda.Start(func(event struct{ Count int }) (struct{ Twice int }, error) {
			return struct{ Twice int }{2 * event.Count}, nil
		})
	default:
		fmt.Println("no such handler:", os.Getenv("_HANDLER"))
		os.Exit(1)
	}
}
