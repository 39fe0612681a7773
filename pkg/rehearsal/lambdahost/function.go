package lambdahost

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Function is one function as it is deployed.
type Function struct {
	Name        string        // its folder in functions/
	Deployed    string        // the function's name in AWS, and its role's
	Binary      string        // path of the bootstrap
	Region      string        // where it is deployed
	Account     string        // whose it is
	AccessKey   string        // of its role, by which AWS knows who calls; empty: Deployed
	Timeout     time.Duration // of one invocation, in real time; zero: 3 s, as AWS
	MemoryMiB   int           // told to the function, not enforced; zero: 128, as AWS
	Concurrency int           // processes at most, as reserved concurrency; zero: 10
	OnFailure   string        // ARN of the queue for asynchronous events that failed for good; empty: none
	Env         []string      // KEY=value, beside what Lambda itself sets
	Watches     bool          // it changes nothing and is nearly always running: nobody waits for it to be over
}

// https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
const (
	defaultTimeout = 3 * time.Second
	defaultMemory  = 128
)

// Without reserved concurrency AWS allows a thousand; a laptop does not.
const defaultConcurrency = 10

func (f Function) withDefaults() Function {
	f.Timeout = cmp.Or(f.Timeout, defaultTimeout)
	f.MemoryMiB = cmp.Or(f.MemoryMiB, defaultMemory)
	f.AccessKey = cmp.Or(f.AccessKey, f.Deployed)
	f.Concurrency = cmp.Or(f.Concurrency, defaultConcurrency)
	return f
}

func (f Function) arn() string {
	return fmt.Sprintf("arn:aws:lambda:%s:%s:function:%s", f.Region, f.Account, f.Deployed)
}

// matches says whether reference, a name or an ARN that may end in a version, is
// this function, and under which ARN it is invoked then.
func (f Function) matches(reference string) (arn string, ok bool) {
	for _, name := range []string{f.Deployed, f.Account + ":function:" + f.Deployed, f.arn()} {
		rest, found := strings.CutPrefix(reference, name)
		if found && (rest == "" || (rest[0] == ':' && !strings.Contains(rest[1:], ":"))) {
			return f.arn() + rest, true
		}
	}
	return "", false
}

// environ is the whole environment of the function's processes. Of this
// machine's own it passes on only where programs and temporary files are: AWS
// settings and credentials of the person at the keyboard must not reach a
// rehearsal.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
func (f Function) environ(runtimeAPI string) []string {
	env := []string{
		"AWS_LAMBDA_RUNTIME_API=" + runtimeAPI,
		"AWS_LAMBDA_FUNCTION_NAME=" + f.Deployed,
		"AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=" + strconv.Itoa(f.MemoryMiB),
		"AWS_LAMBDA_INITIALIZATION_TYPE=on-demand",
		"AWS_EXECUTION_ENV=AWS_Lambda_provided.al2023",
		"AWS_REGION=" + f.Region,
		"AWS_DEFAULT_REGION=" + f.Region,
		"AWS_ACCESS_KEY_ID=" + f.AccessKey,
		"AWS_SECRET_ACCESS_KEY=rehearsal",
		"AWS_SESSION_TOKEN=",
		// The SDK would find the person's own files through HOME.
		"AWS_CONFIG_FILE=" + os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull,
		"LAMBDA_TASK_ROOT=" + filepath.Dir(f.Binary),
		"_HANDLER=bootstrap",
		"TZ=:UTC",
	}
	for _, key := range []string{"PATH", "HOME", "TMPDIR"} {
		if value, ok := os.LookupEnv(key); ok {
			env = append(env, key+"="+value)
		}
	}
	return append(env, f.Env...)
}
