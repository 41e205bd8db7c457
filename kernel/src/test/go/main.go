// Command recorder records what etcd's raft library does when it is led through a script.
//
//	recorder record FILE...                              write the outputs into the scripts
//	recorder check FILE...                               compare the outputs with those on record
//	recorder fuzz -seed S -scripts N -steps K -out DIR   write N random scripts, with their outputs (-h: more options)
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

func fail(format string, a ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", a...)
	os.Exit(2)
}

func main() {
	if len(os.Args) < 2 {
		fail("usage: recorder record|check|fuzz ...")
	}
	switch args := os.Args[2:]; os.Args[1] {
	case "record":
		for _, path := range args {
			steps := readScript(path)
			replay(steps, func(i int, out string) { steps[i].output = out })
			writeScript(path, steps)
		}
	case "check":
		bad := 0
		for _, path := range args {
			steps := readScript(path)
			replay(steps, func(i int, out string) {
				if out != steps[i].output {
					bad++
					fmt.Printf("%s: %s\n--- on record\n%s--- now\n%s\n", steps[i].pos, steps[i].line, steps[i].output, out)
				}
			})
		}
		fmt.Printf("%d scripts, %d outputs differ\n", len(args), bad)
		if bad > 0 {
			os.Exit(1)
		}
	case "fuzz":
		fs := flag.NewFlagSet("fuzz", flag.ExitOnError)
		seed := fs.Uint64("seed", 1, "seed of the first script; the others follow")
		scripts := fs.Int("scripts", 10, "number of scripts")
		steps := fs.Int("steps", 300, "commands in a script")
		out := fs.String("out", ".", "directory for the scripts")
		without := fs.String("without", "", "leave out: async, confchange, or both with a comma")
		keep := fs.Bool("keep-panics", false, "end a script with the command at which the library panicked, not before it")
		fs.Parse(args)
		o := fuzzOptions{
			noAsync:      strings.Contains(*without, "async"),
			noConfChange: strings.Contains(*without, "confchange"),
			keepPanics:   *keep,
		}
		if err := os.MkdirAll(*out, 0o755); err != nil {
			fail("%v", err)
		}
		total, cut := 0, 0
		for i := range *scripts {
			s, complete := generate(*seed+uint64(i), *steps, o)
			if !complete {
				cut++
			}
			total += len(s)
			writeScript(filepath.Join(*out, fmt.Sprintf("fuzz_%d.txt", *seed+uint64(i))), s)
		}
		fmt.Printf("%d scripts, %d commands, %d scripts ended early by a panic of the library\n", *scripts, total, cut)
	default:
		fail("unknown command %q", os.Args[1])
	}
}

func replay(steps []step, each func(i int, out string)) {
	c := &cluster{}
	for i, s := range steps {
		out, panicked := c.run(s)
		if panicked != nil {
			if i < len(steps)-1 {
				fail("%s: %s: the library panicked, but the script goes on: %v", s.pos, s.line, panicked)
			}
			out = fmt.Sprintf("panic: %v\n", panicked)
		}
		each(i, out)
	}
}
