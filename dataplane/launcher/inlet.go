package main

import (
	"errors"
	"sync"
)

// inlet holds what a server has not yet read: bounded, so that its reader never waits and a signal gets past it.
type inlet struct {
	mutex   sync.Mutex
	changed *sync.Cond
	held    []byte
	ended   bool
}

var errTooMuchStdin = errors.New("more stdin than the window allows")

func newInlet() *inlet {
	in := &inlet{}
	in.changed = sync.NewCond(&in.mutex)
	return in
}

// put holds more; past the window the other side has not kept to the rules.
func (in *inlet) put(octets []byte) error {
	in.mutex.Lock()
	defer in.mutex.Unlock()
	if in.ended {
		return nil
	}
	if len(in.held)+len(octets) > windowBytes {
		return errTooMuchStdin
	}
	in.held = append(in.held, octets...)
	in.changed.Signal()
	return nil
}

// end says that nothing more comes; what is held may still be taken.
func (in *inlet) end() {
	in.mutex.Lock()
	defer in.mutex.Unlock()
	in.ended = true
	in.changed.Signal()
}

// take gives what is held; nothing at the end.
func (in *inlet) take() []byte {
	in.mutex.Lock()
	defer in.mutex.Unlock()
	for len(in.held) == 0 && !in.ended {
		in.changed.Wait()
	}
	taken := in.held
	in.held = nil
	return taken
}
