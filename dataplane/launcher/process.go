package main

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
	"time"
)

const (
	readBytes     = 32 * 1024
	windowBytes   = 256 * 1024
	pipeBytes     = 64 * 1024 // pipe(7): what may lie in a pipe when nobody waits for it any more
	outputSilence = 500 * time.Millisecond
	outputSeconds = 2 * time.Second
	lastLook      = 10 * time.Millisecond
	memoryRemark  = "killed by the kernel for lack of memory"
)

// process is one server: the leader of a process group, and our ends of its pipes.
type process struct {
	pid            int
	ended          <-chan int
	stdin          *os.File
	stdout, stderr *os.File
	memoryKills    int
}

// startProcess gives the server exactly the environment that this container has.
func startProcess(r *reaper, command []string, workingDir string) (*process, error) {
	path, err := exec.LookPath(command[0])
	if err != nil {
		return nil, err
	}
	theirs, ours, err := openPipes()
	if err != nil {
		return nil, err
	}
	defer closeAll(theirs)
	kills := memoryKills()
	pid, ended, err := r.start(path, command, &syscall.ProcAttr{
		Dir:   workingDir,
		Env:   os.Environ(),
		Files: []uintptr{theirs[0].Fd(), theirs[1].Fd(), theirs[2].Fd()},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		closeAll(ours)
		return nil, &os.PathError{Op: "start", Path: path, Err: explained(path, err)}
	}
	return &process{pid, ended, ours[0], ours[1], ours[2], kills}, nil
}

// explained tells apart a program that is missing and one whose interpreter or loader is.
func explained(path string, err error) error {
	if errors.Is(err, syscall.ENOENT) {
		if _, missing := os.Stat(path); missing == nil {
			return errors.New("its interpreter, loader or working directory is not in this image")
		}
	}
	return err
}

// remark says more about an end than its number.
func (p *process) remark(status int) string {
	if status == -int(syscall.SIGKILL) && memoryKills() > p.memoryKills {
		return memoryRemark
	}
	return ""
}

// read gives chunks until the pipe's other ends are closed or, once the leader ended, silent or
// over their time: a child that left the group may hold a pipe, and write, for ever.
func read(pipe *os.File, end *ending, take func([]byte)) {
	chunk := make([]byte, readBytes)
	for late := 0; late <= pipeBytes; {
		patience, isLate := end.patience(time.Now())
		if patience > 0 {
			_ = pipe.SetReadDeadline(time.Now().Add(patience))
		}
		count, err := pipe.Read(chunk)
		if count > 0 {
			take(chunk[:count])
		}
		if err != nil {
			return
		}
		if isLate {
			late += count
		}
	}
}

// ending is the moment in which the leader ended and its group was killed; it is told once.
type ending struct {
	come   chan struct{}
	latest time.Time
}

func newEnding() *ending { return &ending{come: make(chan struct{})} }

func (e *ending) tell(now time.Time) {
	e.latest = now.Add(outputSeconds)
	close(e.come)
}

// patience is how long to wait for more output, 0 for ever. Past the latest moment only what lies
// in the pipe already counts: whoever reads slowly loses nothing of it.
func (e *ending) patience(now time.Time) (wait time.Duration, isLate bool) {
	select {
	case <-e.come:
	default:
		return 0, false
	}
	left := e.latest.Sub(now)
	return max(min(outputSilence, left), lastLook), left <= 0
}

func openPipes() (theirs, ours []*os.File, err error) {
	for index := 0; index < 3; index++ {
		reading, writing, err := os.Pipe()
		if err != nil {
			closeAll(theirs)
			closeAll(ours)
			return nil, nil, err
		}
		if index == 0 {
			theirs, ours = append(theirs, reading), append(ours, writing)
		} else {
			theirs, ours = append(theirs, writing), append(ours, reading)
		}
	}
	return theirs, ours, nil
}

func closeAll(files []*os.File) {
	for _, file := range files {
		_ = file.Close()
	}
}
