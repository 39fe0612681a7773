package lambdahost

import "syscall"

// apart gives a process its own group, so that Ctrl-C in the terminal reaches
// only us and we end it in order, and lets the kernel end it when we are gone.
func apart() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
