package lambdahost

import (
	"os"
	"path/filepath"
	"testing"
)

func TestDeploy_takesARelativePath(t *testing.T) {
	t.Chdir(filepath.Dir(filepath.Dir(echo.Binary)))
	fn := echo
	fn.Binary = filepath.Join("echo", "bootstrap")
	h := open(t, Options{}, fn)
	if r := invoke(t, h, `{}`); r.FunctionError != "" {
		t.Errorf("%s", r.Payload)
	}
}

func TestInvoke_reportsABinaryThatCannotRun(t *testing.T) {
	fn := echo
	fn.Binary = filepath.Join(t.TempDir(), "bootstrap")
	if err := os.WriteFile(fn.Binary, []byte("not a program"), 0o755); err != nil {
		t.Fatal(err)
	}
	h := open(t, Options{}, fn)
	if name, _ := problem(t, invoke(t, h, `{}`)); name != "Runtime.InvalidEntrypoint" {
		t.Errorf("error = %s", name)
	}
}

func TestDeploy_refusesAMissingBinaryAndASecondTime(t *testing.T) {
	h := open(t, Options{}, echo)
	if err := h.Deploy(echo); err == nil {
		t.Error("deployed twice")
	}
	missing := echo
	missing.Deployed, missing.Binary = "other", filepath.Join(t.TempDir(), "bootstrap")
	if err := h.Deploy(missing); err == nil {
		t.Error("deployed without a binary")
	}
}
