//go:build unix && !linux

package lambdahost

import "syscall"

// apart gives a process its own group, so that Ctrl-C in the terminal reaches
// only us and we end it in order. When we are gone it ends by itself, because
// its Runtime API is.
func apart() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
