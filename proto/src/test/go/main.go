// Command interop lets the tests of the proto module talk to etcd's own package. It works on lines of text:
//
//	interop schema   prints the fields and enums of raftpb, as its descriptor has them
//	interop golden   prints the values of cases.go, encoded
//	interop check    reads such lines and says of each whether it means the value of that name
//	interop echo     reads "type hex" lines, decodes and encodes each, and prints it again
//	interop run      leads a group of etcd's nodes through every kind of message, and prints all that they send
//
// A value is a line "type name hex", with "-" for no bytes. What schema, golden and run print is kept in the folder
// resources/dev/keelraft/proto/etcd, so that machines without Go check it too; what the program in the folder older makes of
// golden is beside it as golden-3.5. To record them anew: go run . golden > ../resources/dev/keelraft/proto/etcd/golden.txt
package main

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"strings"

	"go.etcd.io/raft/v3"
	pb "go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

func main() {
	if len(os.Args) != 2 {
		fail("usage: interop schema|golden|check|echo|run")
	}
	switch os.Args[1] {
	case "schema":
		printSchema()
	case "golden":
		for _, c := range cases() {
			printValue(c.name, c.value)
		}
	case "check":
		check()
	case "echo":
		echo()
	case "run":
		runGroup()
	default:
		fail("no such command: " + os.Args[1])
	}
}

func printSchema() {
	lines := []string{}
	file := pb.File_raft_proto
	for i := 0; i < file.Messages().Len(); i++ {
		message := file.Messages().Get(i)
		for j := 0; j < message.Fields().Len(); j++ {
			field := message.Fields().Get(j)
			kind := field.Kind().String()
			if field.Message() != nil {
				kind = string(field.Message().Name())
			} else if field.Enum() != nil {
				kind = string(field.Enum().Name())
			}
			packed := ""
			if field.IsPacked() {
				packed = " packed"
			}
			lines = append(lines, fmt.Sprintf("message %s %d %s %s%s",
				message.Name(), field.Number(), field.Cardinality(), kind, packed))
		}
	}
	for i := 0; i < file.Enums().Len(); i++ {
		enum := file.Enums().Get(i)
		for j := 0; j < enum.Values().Len(); j++ {
			lines = append(lines, fmt.Sprintf("enum %s %d", enum.Name(), enum.Values().Get(j).Number()))
		}
	}
	slices.Sort(lines)
	fmt.Println(strings.Join(lines, "\n"))
}

func check() {
	expected := map[string]proto.Message{}
	for _, c := range cases() {
		expected[c.name] = c.value
	}
	forEachLine(3, func(words []string) {
		value, found := expected[words[1]]
		if !found {
			fail("no such case: " + words[1])
		}
		got := decode(words[0], words[2])
		if proto.Equal(withoutZeros(got), withoutZeros(value)) {
			fmt.Printf("%s equal\n", words[1])
		} else {
			fmt.Printf("%s differs: got %v, not %v\n", words[1], got, value)
		}
	})
}

func echo() {
	forEachLine(2, func(words []string) {
		fmt.Println(encode(decode(words[0], words[1])))
	})
}

func printValue(name string, value proto.Message) {
	fmt.Printf("%s %s %s\n", value.ProtoReflect().Descriptor().Name(), name, encode(value))
}

func encode(value proto.Message) string {
	bytes, err := proto.MarshalOptions{Deterministic: true}.Marshal(value)
	if err != nil {
		fail(err.Error())
	}
	return hexOf(bytes)
}

// decode forgets unknown fields, so that what echo prints has passed through etcd's.
func decode(typeName string, text string) proto.Message {
	var value proto.Message
	switch typeName {
	case "Message":
		value = &pb.Message{}
	case "Entry":
		value = &pb.Entry{}
	case "HardState":
		value = &pb.HardState{}
	case "ConfState":
		value = &pb.ConfState{}
	case "Snapshot":
		value = &pb.Snapshot{}
	case "ConfChange":
		value = &pb.ConfChange{}
	case "ConfChangeV2":
		value = &pb.ConfChangeV2{}
	default:
		fail("no such type: " + typeName)
	}
	bytes, err := hex.DecodeString(strings.TrimPrefix(text, "-"))
	if err != nil {
		fail(err.Error())
	}
	if err := (proto.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(bytes, value); err != nil {
		fail(fmt.Sprintf("%s %s: %v", typeName, text, err))
	}
	return value
}

// withoutZeros returns a copy without the scalar fields that were set to what they are when they are not set, and without the
// messages that then say nothing.
func withoutZeros(value proto.Message) proto.Message {
	copied := proto.Clone(value)
	clearZeros(copied.ProtoReflect())
	return copied
}

func clearZeros(message protoreflect.Message) {
	message.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		switch {
		case field.IsList() && field.Message() != nil:
			for i := 0; i < value.List().Len(); i++ {
				clearZeros(value.List().Get(i).Message())
			}
		case field.IsList():
		case field.Message() != nil:
			clearZeros(value.Message())
			if proto.Size(value.Message().Interface()) == 0 {
				message.Clear(field)
			}
		case field.Kind() == protoreflect.BytesKind && len(value.Bytes()) == 0:
			message.Clear(field)
		case field.Kind() != protoreflect.BytesKind && value.Equal(field.Default()):
			message.Clear(field)
		}
		return true
	})
}

func forEachLine(wordCount int, do func(words []string)) {
	scanner := bufio.NewScanner(os.Stdin)
	scanner.Buffer(nil, 64<<20)
	for scanner.Scan() {
		words := strings.Fields(scanner.Text())
		if len(words) != wordCount {
			fail("not a value: " + scanner.Text())
		}
		do(words)
	}
	if err := scanner.Err(); err != nil {
		fail(err.Error())
	}
}

func fail(text string) {
	fmt.Fprintln(os.Stderr, text)
	os.Exit(1)
}

func hexOf(bytes []byte) string {
	if len(bytes) == 0 {
		return "-"
	}
	return hex.EncodeToString(bytes)
}

// isLocal tells the kinds that a host or a storage thread tells its own node. The package does not count MsgForgetLeader
// among them, but only a host says it.
func isLocal(kind pb.MessageType) bool {
	return raft.IsLocalMsg(kind) || kind == pb.MsgForgetLeader
}

func inOrder(values []namedValue) []namedValue {
	slices.SortStableFunc(values, func(a, b namedValue) int { return strings.Compare(a.name, b.name) })
	return values
}
