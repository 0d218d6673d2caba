package main

import (
	"encoding/binary"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"unsafe"
)

const (
	waitAnyChild      = 0          // P_ALL of waitid(2)
	leaveWaitable     = 0x01000000 // WNOWAIT of waitid(2)
	childExited       = 0x00000004 // WEXITED of waitid(2)
	childInfoBytes    = 128        // siginfo_t
	pidInChildInfo    = 16         // offset of si_pid on 64-bit Linux
	setChildSubreaper = 36         // PR_SET_CHILD_SUBREAPER of prctl(2)
)

// reaper waits for every child: the leaders of the servers' groups, and orphans, of which process 1 is the parent.
//
// A leader that ended stays a zombie until its group is killed: so long nobody else can have its number.
type reaper struct {
	mutex   sync.Mutex
	leaders map[int]chan<- int
}

func newReaper() *reaper {
	return &reaper{leaders: map[int]chan<- int{}}
}

// begin makes orphans ours, also where this is not process 1, and reaps for ever.
func (r *reaper) begin() {
	syscall.RawSyscall(syscall.SYS_PRCTL, setChildSubreaper, 1, 0)
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGCHLD)
	go func() {
		for range ended {
			r.reapAll()
		}
	}()
}

// start begins a process as the leader of its own group; its wait status comes on the channel.
func (r *reaper) start(path string, arguments []string, attributes *syscall.ProcAttr) (int, <-chan int, error) {
	ended := make(chan int, 1)
	r.mutex.Lock()
	defer r.mutex.Unlock()
	pid, err := syscall.ForkExec(path, arguments, attributes)
	if err != nil {
		return 0, nil, err
	}
	r.leaders[pid] = ended
	return pid, ended, nil
}

// signalGroup reaches every member of a group whose leader has not been waited for.
func (r *reaper) signalGroup(pid int, number syscall.Signal) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if _, living := r.leaders[pid]; living {
		_ = syscall.Kill(-pid, number)
	}
}

func (r *reaper) reapAll() {
	for {
		pid := endedChild()
		if pid == 0 {
			return
		}
		r.reap(pid)
	}
}

func (r *reaper) reap(pid int) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	ended, isLeader := r.leaders[pid]
	if isLeader {
		_ = syscall.Kill(-pid, syscall.SIGKILL)
		delete(r.leaders, pid)
	}
	var status syscall.WaitStatus
	_, _ = syscall.Wait4(pid, &status, 0, nil)
	if isLeader {
		ended <- exitNumber(status)
	}
}

// endedChild is the process id of a child that ended and was not waited for, or 0.
func endedChild() int {
	var info [childInfoBytes]byte
	options := uintptr(childExited | leaveWaitable | syscall.WNOHANG)
	for {
		_, _, failure := syscall.Syscall6(
			syscall.SYS_WAITID, waitAnyChild, 0, uintptr(unsafe.Pointer(&info)), options, 0, 0)
		if failure == syscall.EINTR {
			continue
		}
		if failure != 0 {
			return 0
		}
		return int(binary.NativeEndian.Uint32(info[pidInChildInfo:]))
	}
}

// exitNumber is the exit code, or the negative number of the signal that ended it.
func exitNumber(status syscall.WaitStatus) int {
	if status.Signaled() {
		return -int(status.Signal())
	}
	return status.ExitStatus()
}

// killAll leaves no server behind, also where the end of this process is not the end of the container.
func (r *reaper) killAll() {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for pid := range r.leaders {
		_ = syscall.Kill(-pid, syscall.SIGKILL)
	}
}
