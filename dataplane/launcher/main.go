// Launcher starts stdio servers in a user's own container, one for each connection to a Unix socket.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
)

const usage = `usage: launcher install DEST
       launcher drain HOST:PORT
       launcher serve --socket PATH [--working-dir DIR] [--max-connections N] -- COMMAND ARG...`

// settings are what the command line of serve says.
type settings struct {
	socket         string
	workingDir     string
	maxConnections int
	command        []string
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "launcher:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	switch {
	case len(arguments) == 2 && arguments[0] == "install":
		return install(arguments[1])
	case len(arguments) == 2 && arguments[0] == "drain":
		return drain(arguments[1])
	case len(arguments) > 1 && arguments[0] == "serve":
		read, err := readSettings(arguments[1:])
		if err != nil {
			return err
		}
		return serve(read)
	}
	return errors.New("nothing to do\n" + usage)
}

func readSettings(arguments []string) (settings, error) {
	var read settings
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	flags.StringVar(&read.socket, "socket", "", "path of the Unix socket to listen on")
	flags.StringVar(&read.workingDir, "working-dir", "", "where the command starts")
	flags.IntVar(&read.maxConnections, "max-connections", 256, "server processes at one time")
	if err := flags.Parse(arguments); err != nil {
		return read, err
	}
	read.command = flags.Args()
	if read.socket == "" || len(read.command) == 0 || read.maxConnections < 1 {
		return read, errors.New("serve needs --socket, a command after --, and room for a connection\n" + usage)
	}
	return read, nil
}
