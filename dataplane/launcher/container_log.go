package main

import (
	"bytes"
	"fmt"
	"io"
	"sync"
)

const logLineBytes = 8 * 1024

// containerLog is where the lines of several servers meet.
type containerLog struct {
	mutex sync.Mutex
	out   io.Writer
}

func (log *containerLog) line(pid int, text []byte) {
	log.mutex.Lock()
	defer log.mutex.Unlock()
	fmt.Fprintf(log.out, "[%d] %s\n", pid, text)
}

// logLines cuts what one server says on stderr into lines of bounded length.
type logLines struct {
	log  *containerLog
	pid  int
	rest []byte
}

func (lines *logLines) take(chunk []byte) {
	lines.rest = append(lines.rest, chunk...)
	for {
		end := bytes.IndexByte(lines.rest, '\n')
		switch {
		case end >= 0 && end <= logLineBytes:
			lines.tell(end, end+1)
		case len(lines.rest) > logLineBytes:
			lines.tell(logLineBytes, logLineBytes)
		default:
			return
		}
	}
}

func (lines *logLines) end() {
	lines.tell(len(lines.rest), len(lines.rest))
}

func (lines *logLines) tell(end, next int) {
	if text := bytes.TrimRight(lines.rest[:end], "\r"); len(text) > 0 {
		lines.log.line(lines.pid, text)
	}
	lines.rest = append(lines.rest[:0], lines.rest[next:]...)
}
