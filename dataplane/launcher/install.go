package main

import (
	"io"
	"os"
	"path/filepath"
)

const executableMode = 0o755

// install copies this program to a file that is there whole or not at all.
func install(destination string) error {
	own, err := os.Executable()
	if err != nil {
		return err
	}
	source, err := os.Open(own)
	if err != nil {
		return err
	}
	defer source.Close()
	copied, err := os.CreateTemp(filepath.Dir(destination), ".launcher-*")
	if err != nil {
		return err
	}
	defer os.Remove(copied.Name())
	if err := fill(copied, source); err != nil {
		return err
	}
	return os.Rename(copied.Name(), destination)
}

func fill(copied *os.File, source io.Reader) error {
	_, err := io.Copy(copied, source)
	if err == nil {
		err = copied.Chmod(executableMode)
	}
	if closing := copied.Close(); err == nil {
		err = closing
	}
	return err
}
