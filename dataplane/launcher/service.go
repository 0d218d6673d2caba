package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

const (
	socketMode         = 0o660
	firstFrame         = 10 * time.Second
	controlConnections = 16
	aloneAfterTerm     = 5 * time.Second
)

// service is what the connections of one launcher share.
type service struct {
	settings settings
	reaper   *reaper
	log      *containerLog

	mutex       sync.Mutex
	connections int
	processes   int
	changed     chan struct{}
	drained     bool
}

// serve listens until SIGTERM came and the sidecar is done, or plainly is not there any more.
func serve(read settings) error {
	listener, err := listen(read.socket)
	if err != nil {
		return err
	}
	defer listener.Close()
	terminated := make(chan os.Signal, 1)
	signal.Notify(terminated, syscall.SIGTERM, syscall.SIGINT)
	s := &service{
		settings: read, reaper: newReaper(), log: &containerLog{out: os.Stderr},
		changed: make(chan struct{}, 1),
	}
	s.reaper.begin()
	go s.accept(listener)
	<-terminated
	s.awaitDrained()
	s.reaper.killAll()
	return nil
}

// listen takes the place of a socket that an earlier launcher left; the sidecar has another user id, and our group.
func listen(path string) (*net.UnixListener, error) {
	if status, err := os.Lstat(path); err == nil {
		if status.Mode()&os.ModeSocket == 0 {
			return nil, fmt.Errorf("%s is there and no socket", path)
		}
		_ = os.Remove(path)
	}
	before := syscall.Umask(0o777 &^ socketMode)
	defer syscall.Umask(before)
	return net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
}

func (s *service) accept(listener *net.UnixListener) {
	for {
		conn, err := listener.AcceptUnix()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // no file descriptor left: some will be again
			time.Sleep(100 * time.Millisecond)
			continue
		}
		go s.attend(conn)
	}
}

// attend does what the first frames of a connection ask for.
func (s *service) attend(conn *net.UnixConn) {
	defer conn.Close()
	if !s.count(&s.connections, s.settings.maxConnections+controlConnections) {
		return
	}
	defer s.discount(&s.connections)
	out := &frameWriter{conn: conn}
	for {
		_ = conn.SetReadDeadline(time.Now().Add(firstFrame))
		asked, err := readFrame(conn)
		if err != nil {
			return
		}
		switch asked.kind {
		case kindAsk:
			_ = out.write(kindHere, nil)
		case kindDrained:
			s.setDrained(true)
			_ = out.write(kindHere, nil)
		case kindStart:
			_ = conn.SetReadDeadline(time.Time{})
			s.run(conn, out)
			return
		default:
			return
		}
	}
}

func (s *service) run(conn *net.UnixConn, out *frameWriter) {
	s.setDrained(false)
	if !s.count(&s.processes, s.settings.maxConnections) {
		s.refuse(out, fmt.Errorf("this pod's launcher holds at most %d server processes", s.settings.maxConnections))
		return
	}
	defer s.discount(&s.processes)
	started, err := startProcess(s.reaper, s.settings.command, s.settings.workingDir)
	if err != nil {
		s.refuse(out, err)
		return
	}
	_ = out.write(kindStarted, number(started.pid))
	newServer(s.reaper, started, conn, out, s.log).live()
}

func (s *service) refuse(out *frameWriter, why error) {
	reason := []byte(why.Error())
	_ = out.write(kindNotStarted, reason[:min(len(reason), maxPayloadBytes)])
	s.log.line(os.Getpid(), append([]byte("launcher: not started: "), reason...))
}

// awaitDrained also ends when there is no process to keep and nobody has said anything for a while: without a sidecar
// nobody will.
func (s *service) awaitDrained() {
	for {
		s.mutex.Lock()
		drained, alone := s.drained, s.processes == 0
		s.mutex.Unlock()
		if drained {
			return
		}
		var patience <-chan time.Time
		if alone {
			patience = time.After(aloneAfterTerm)
		}
		select {
		case <-s.changed:
		case <-patience:
			return
		}
	}
}

func (s *service) setDrained(drained bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.drained = drained
	s.tellChange()
}

func (s *service) count(counter *int, most int) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if *counter >= most {
		return false
	}
	*counter++
	s.tellChange()
	return true
}

func (s *service) discount(counter *int) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	*counter--
	s.tellChange()
}

func (s *service) tellChange() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}
