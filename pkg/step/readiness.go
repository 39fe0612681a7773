package step

import (
	"errors"
	"fmt"

	"github.com/pilotlight/pilotlight/pkg/failure"
)

// Problem is what a permanent error says, for a Check; any other stays an error.
func Problem(err error) ([]string, error) {
	if failure.ClassOf(err) == failure.Permanent {
		return []string{err.Error()}, nil
	}
	return nil, err
}

// Tried is what EC2's answer to a dry run means for a Check; what was tried ends the
// sentence "EC2 would refuse …". EC2 answers every dry run with an error: no error
// is a call that was carried out.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/CommonParameters.html
func Tried(what string, err error) ([]string, error) {
	if failure.Code(err) == "DryRunOperation" {
		return nil, nil
	}
	var refused interface{ ErrorMessage() string }
	if failure.ClassOf(err) == failure.Permanent && errors.As(err, &refused) {
		return []string{fmt.Sprintf("EC2 would refuse %s: %s", what, refused.ErrorMessage())}, nil
	}
	if err == nil {
		return nil, fmt.Errorf("EC2 took a dry run for a call, %s: look for what it made, and remove it", what)
	}
	return nil, fmt.Errorf("try %s: %w", what, err)
}
