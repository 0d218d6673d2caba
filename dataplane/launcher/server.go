package main

import (
	"encoding/binary"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

const (
	stepSeconds    = 2 * time.Second
	farewell       = 5 * time.Second
	pollError      = 0x0008 // POLLERR of poll(2)
	pollFileBytes  = 8
	eventsInPoll   = 6
	feedPieceBytes = maxPayloadBytes
)

// server is a started process and the connection that it lives for.
type server struct {
	reaper  *reaper
	process *process
	conn    *net.UnixConn
	out     *frameWriter
	stdin   *inlet
	lines   *logLines
	gone    chan struct{} // the sidecar closed the connection, or broke its rules
	end     *ending       // the leader exited, and its group was killed
}

func newServer(r *reaper, p *process, conn *net.UnixConn, out *frameWriter, log *containerLog) *server {
	return &server{
		reaper: r, process: p, conn: conn, out: out, stdin: newInlet(),
		lines: &logLines{log: log, pid: p.pid},
		gone:  make(chan struct{}), end: newEnding(),
	}
}

// live relays both ways until the process has ended and its output is over.
func (s *server) live() {
	var outputs sync.WaitGroup
	outputs.Add(2)
	go func() { defer outputs.Done(); s.relayStdout() }()
	go func() { defer outputs.Done(); s.relayStderr() }()
	go s.feed()
	go s.tellClosedStdin()
	go s.obey()

	status := s.awaitEnd()
	s.stopWaitingForOutput()
	_ = s.out.write(kindExit, append(number(status), s.process.remark(status)...))
	outputs.Wait()
	s.part()
}

// awaitEnd gives the exit number; a server whose connection is gone goes down the ladder.
func (s *server) awaitEnd() int {
	select {
	case status := <-s.process.ended:
		return status
	case <-s.gone:
	}
	s.stdin.end()
	for _, step := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		select {
		case status := <-s.process.ended:
			return status
		case <-time.After(stepSeconds):
			s.reaper.signalGroup(s.process.pid, step)
		}
	}
	return <-s.process.ended
}

// obey does what the sidecar says until it says nothing more.
func (s *server) obey() {
	defer close(s.gone)
	for {
		asked, err := readFrame(s.conn)
		if err != nil || !s.heed(asked) {
			_ = s.conn.Close() // whoever writes to it must not wait for ever
			return
		}
	}
}

func (s *server) heed(asked frame) bool {
	switch {
	case asked.kind == kindStdin:
		return s.stdin.put(asked.payload) == nil
	case asked.kind == kindStdinEnd:
		s.stdin.end()
	case asked.kind == kindSignal && len(asked.payload) == 1:
		s.reaper.signalGroup(s.process.pid, syscall.Signal(asked.payload[0]))
	default:
		return false
	}
	return true
}

func (s *server) feed() {
	defer s.process.stdin.Close()
	for {
		held := s.stdin.take()
		if len(held) == 0 {
			return
		}
		for len(held) > 0 {
			piece := held[:min(len(held), feedPieceBytes)]
			if _, err := s.process.stdin.Write(piece); err != nil {
				return
			}
			_ = s.out.write(kindTaken, number(len(piece)))
			held = held[len(piece):]
		}
	}
}

// tellClosedStdin says so when the server closes its end: nothing that comes after will be read.
func (s *server) tellClosedStdin() {
	raw, err := s.process.stdin.SyscallConn()
	if err != nil {
		return
	}
	// A pipe's writing end never becomes readable; the wait ends by the error of a closed reading end.
	err = raw.Read(hasNoReader)
	if err == nil {
		_ = s.out.write(kindTaken, number(0))
	}
}

func hasNoReader(pipe uintptr) bool {
	var polled [pollFileBytes]byte
	binary.NativeEndian.PutUint32(polled[:], uint32(pipe))
	var atOnce syscall.Timespec
	_, _, _ = syscall.Syscall6(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(&polled)), 1,
		uintptr(unsafe.Pointer(&atOnce)), 0, 0, 0)
	return polled[eventsInPoll]&pollError != 0
}

func (s *server) relayStdout() {
	read(s.process.stdout, s.end, func(chunk []byte) { _ = s.out.write(kindStdout, chunk) })
	_ = s.out.write(kindStdout, nil)
	_ = s.process.stdout.Close()
}

func (s *server) relayStderr() {
	read(s.process.stderr, s.end, func(chunk []byte) {
		s.lines.take(chunk)
		_ = s.out.write(kindStderr, chunk)
	})
	s.lines.end()
	_ = s.process.stderr.Close()
}

func (s *server) stopWaitingForOutput() {
	s.end.tell(time.Now())
	for _, pipe := range []*os.File{s.process.stdout, s.process.stderr} {
		_ = pipe.SetReadDeadline(time.Now().Add(outputSilence))
	}
}

// part closes the connection so that the last frame is read: a socket closed over unread bytes takes it back.
func (s *server) part() {
	s.stdin.end()
	_ = s.process.stdin.Close()
	_ = s.conn.CloseWrite()
	select {
	case <-s.gone:
	case <-time.After(farewell):
		_ = s.conn.Close()
	}
}
