package main

import (
	"fmt"
	"io"
	"net"
	"strings"
)

// drain is the preStop of the sidecar's container: it asks the sidecar beside it to drain and returns when all is over.
// The sidecar listens to nobody but its own pod there, and the kubelet is not in it.
func drain(address string) error {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := fmt.Fprintf(conn, "GET /drain HTTP/1.0\r\nHost: %s\r\n\r\n", address); err != nil {
		return err
	}
	answer, err := io.ReadAll(io.LimitReader(conn, 4096))
	if err != nil {
		return err
	}
	if status, _, _ := strings.Cut(string(answer), "\r\n"); !strings.Contains(status, " 200 ") {
		return fmt.Errorf("%s did not drain: %q", address, status)
	}
	return nil
}
