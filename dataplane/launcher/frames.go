package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"
)

// Kinds of frames; README.md has the table.
const (
	kindStart    = 1
	kindStdin    = 2
	kindStdinEnd = 3
	kindSignal   = 4
	kindAsk      = 5
	kindDrained  = 6

	kindStarted    = 65
	kindNotStarted = 66
	kindTaken      = 67
	kindStdout     = 68
	kindStderr     = 69
	kindExit       = 70
	kindHere       = 71
)

const (
	headBytes       = 5
	maxPayloadBytes = 64 * 1024
)

type frame struct {
	kind    byte
	payload []byte
}

func readFrame(from io.Reader) (frame, error) {
	var head [headBytes]byte
	if _, err := io.ReadFull(from, head[:]); err != nil {
		return frame{}, err
	}
	length := binary.BigEndian.Uint32(head[1:])
	if length > maxPayloadBytes {
		return frame{}, fmt.Errorf("a frame of %d bytes; at most %d are read", length, maxPayloadBytes)
	}
	payload := make([]byte, length)
	_, err := io.ReadFull(from, payload)
	return frame{head[0], payload}, err
}

// frameWriter lets several goroutines write whole frames to one connection.
type frameWriter struct {
	mutex sync.Mutex
	conn  net.Conn
}

func (writer *frameWriter) write(kind byte, payload []byte) error {
	head := make([]byte, headBytes, headBytes+len(payload))
	head[0] = kind
	binary.BigEndian.PutUint32(head[1:], uint32(len(payload)))
	writer.mutex.Lock()
	defer writer.mutex.Unlock()
	_, err := writer.conn.Write(append(head, payload...))
	return err
}

func number(value int) []byte {
	return binary.BigEndian.AppendUint32(nil, uint32(int32(value)))
}
