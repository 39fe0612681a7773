// Command bench measures what protection, decisions and recovery promise and writes
// out/bench.json.
//
//	go run ./bench
//
// The product's own decisions run in it: backlog.DueInstances, backlog.Missing
// and Copies.Start, retention.Select, and the whole of snapshots.Rotation over
// HTTP. What is modelled is AWS: a snapshot takes 1 to 5 minutes and 100 are made
// at once; a copy takes a minute, and its data travels at no more than 500 MiB/s,
// 2,000 MiB/s for all copies together, shared evenly; 20 are in flight. Of calls
// that take or copy 5 % are refused, of copies 5 % fail half way, of events 5 % are
// lost; a doubled event falls into the five seconds in which events become one
// pass. A pass takes no time. Everything is drawn from fixed seeds.
//
// What deciding takes is measured on the simulator instead, in processes of this
// machine. With -only and a part's name just that part is measured, and its figures
// replace those of before.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// figures are what was measured, by key.
type figures map[string]any

func (f figures) set(key string, value any) { f[key] = value }

const path = "out/bench.json"

func main() {
	only := flag.String("only", "", "the part to measure; empty: all of them")
	flag.Parse()
	if err := measure(*only); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// before are the figures that stay when one part alone is measured.
func before(only string) (figures, error) {
	out := figures{}
	if only == "" {
		return out, nil
	}
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	return out, json.Unmarshal(raw, &out)
}

func measure(only string) error {
	out, err := before(only)
	if err != nil {
		return err
	}
	known := false
	for _, part := range []struct {
		name string
		run  func(figures) error
	}{
		{"orchestration of random plans", orchestration},
		{"calls of a pass over 5,000 volumes", countCalls},
		{"100 volumes due at once", bursts},
		{"two days of refusals and dead callers", survival},
		{"a pass over 10,000 points", cost},
		{"random histories", histories},
		{"a load of 85 %", feasible},
		{"a load of 200 %", overload},
		{"a thousand triggers of one disaster", decisions},
	} {
		if only != "" && only != part.name {
			continue
		}
		known = true
		fmt.Println(part.name)
		if err := part.run(out); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	if !known {
		return fmt.Errorf("no part is named %q: name one as it is printed", only)
	}
	raw, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		return err
	}
	fmt.Println(string(raw))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, append(raw, '\n'), 0o644)
}
