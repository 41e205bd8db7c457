// Command older reads the lines that "interop golden" prints, and prints them again as etcd's package of version 3.5 encodes
// these values. It writes every number and flag, and into every message a snapshot, if only an empty one.
package main

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"log"
	"os"
	"strings"

	pb "go.etcd.io/etcd/raft/v3/raftpb"
)

type value interface {
	Unmarshal([]byte) error
	Marshal() ([]byte, error)
}

func main() {
	log.SetFlags(0)
	scanner := bufio.NewScanner(os.Stdin)
	for scanner.Scan() {
		words := strings.Fields(scanner.Text())
		if len(words) != 3 {
			log.Fatalf("not a value: %s", scanner.Text())
		}
		bytes, err := hex.DecodeString(strings.TrimPrefix(words[2], "-"))
		if err != nil {
			log.Fatal(err)
		}
		v := newValue(words[0])
		if err := v.Unmarshal(bytes); err != nil {
			log.Fatalf("%s: %v", scanner.Text(), err)
		}
		encoded, err := v.Marshal()
		if err != nil {
			log.Fatal(err)
		}
		text := "-"
		if len(encoded) > 0 {
			text = hex.EncodeToString(encoded)
		}
		fmt.Println(words[0], words[1], text)
	}
	if err := scanner.Err(); err != nil {
		log.Fatal(err)
	}
}

func newValue(typeName string) value {
	switch typeName {
	case "Message":
		return &pb.Message{}
	case "Entry":
		return &pb.Entry{}
	case "HardState":
		return &pb.HardState{}
	case "ConfState":
		return &pb.ConfState{}
	case "Snapshot":
		return &pb.Snapshot{}
	case "ConfChange":
		return &pb.ConfChange{}
	case "ConfChangeV2":
		return &pb.ConfChangeV2{}
	}
	log.Fatalf("no such type: %s", typeName)
	return nil
}
