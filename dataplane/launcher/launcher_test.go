package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestFramesAreBounded(t *testing.T) {
	if _, err := readFrame(bytes.NewReader([]byte{kindStdin, 0, 1, 0, 1})); err == nil {
		t.Fatal("a frame over the bound was read")
	}
	read, err := readFrame(bytes.NewReader([]byte{kindStdin, 0, 0, 0, 2, 'h', 'i', 'x'}))
	if err != nil || read.kind != kindStdin || string(read.payload) != "hi" {
		t.Fatal(read, err)
	}
}

func TestStdinIsBoundedByTheWindow(t *testing.T) {
	in := newInlet()
	if err := in.put(make([]byte, windowBytes)); err != nil {
		t.Fatal(err)
	}
	if err := in.put([]byte{1}); err == nil {
		t.Fatal("more than the window was held")
	}
	in.end()
	if taken := in.take(); len(taken) != windowBytes {
		t.Fatal("what was held is lost", len(taken))
	}
	if taken := in.take(); taken != nil {
		t.Fatal("something came after the end")
	}
}

func TestLogLinesAreCut(t *testing.T) {
	var out bytes.Buffer
	lines := &logLines{log: &containerLog{out: &out}, pid: 7}
	lines.take([]byte("one\r\n\ntw"))
	lines.take([]byte("o\n" + strings.Repeat("x", logLineBytes+1)))
	lines.end()
	expected := "[7] one\n[7] two\n[7] " + strings.Repeat("x", logLineBytes) + "\n[7] x\n"
	if out.String() != expected {
		t.Fatalf("%.60q", out.String())
	}
}

func TestKillsForLackOfMemoryAreCounted(t *testing.T) {
	if kills := countMemoryKills([]byte("oom 5\noom_kill 3\noom_group_kill 0\n")); kills != 3 {
		t.Fatal(kills)
	}
	if kills := countMemoryKills([]byte("oom_kill_disable 1\nunder_oom 0\n")); kills != 0 {
		t.Fatal(kills)
	}
}
