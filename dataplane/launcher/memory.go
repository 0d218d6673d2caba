package main

import (
	"bytes"
	"os"
	"strconv"
)

// memoryEventFiles tell how often the kernel killed for lack of memory in this container (cgroup v2, v1).
var memoryEventFiles = []string{"/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control"}

// memoryKills is how many processes of this container the kernel killed for lack of memory, as far as it tells.
func memoryKills() int {
	for _, path := range memoryEventFiles {
		if content, err := os.ReadFile(path); err == nil {
			return countMemoryKills(content)
		}
	}
	return 0
}

func countMemoryKills(content []byte) int {
	for _, line := range bytes.Split(content, []byte("\n")) {
		if value, found := bytes.CutPrefix(line, []byte("oom_kill ")); found {
			kills, _ := strconv.Atoi(string(bytes.TrimSpace(value)))
			return kills
		}
	}
	return 0
}
