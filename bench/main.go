package main

import (
	"fmt"
	"os"
	"runtime/pprof"
	"time"

	"github.com/pilotlight/pilotlight/pkg/backlog"
)

func main() {
	f, _ := os.Create("/tmp/cpu.prof")
	pprof.StartCPUProfile(f)
	defer pprof.StopCPUProfile()
	l := load{400, 2, 2, 1}
	try := func(name string, c func(*world) chooser) {
		w := l.world()
		began := time.Now()
		w.run(12*w.policy.Every, c(w))
		fmt.Printf("%s: every %s: dropped %d misses %d slots %.2f behind %.0fs within %.4f begun %d in %s\n", name, w.policy.Every, w.score.dropped, w.score.misses, w.score.slots(), w.score.behind, w.score.within/w.score.lasted, w.score.begun, time.Since(began))
	}
	try("product", func(*world) chooser { return backlog.Copies.Start })
	for _, name := range []string{"cheapest 60%"} {c := constant[name]
		try(name, c)
	}
}
