// Command etcd answers requests as a real etcd does: it runs one member and asks it over gRPC.
//
//	etcd answer     reads lines "Method hex-of-the-request" and answers each with "ok hex-of-the-response"
//	                or "error code text"
//	etcd compact    does the same, and compacts the store at every revision that it reaches: older revisions are
//	                then answered as a store answers that does not keep them
//	etcd schema     prints the fields of all messages and the methods of all services of the API
//	etcd errors     prints the codes and texts of the errors of the API
//
// What the last two print is kept as schema.txt and errors.txt below resources/dev/keelraft/example. EtcdLiveTest asks
// the other two, and records what they answer.
//
// An etcd that compacts must not be sent a transaction that writes a key twice, although it accepts some (a put beside
// a deletion "from here on", or a nested put before a nested deletion): the next range ends its process.
package main

import (
	"bufio"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"log"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"go.etcd.io/etcd/server/v3/embed"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: etcd answer|compact|schema|errors")
	}
	switch os.Args[1] {
	case "answer":
		serve(false)
	case "compact":
		serve(true)
	case "schema":
		schema("mvccpb")
		schema("etcdserverpb")
	case "errors":
		printErrors()
	default:
		log.Fatal("no such command: " + os.Args[1])
	}
}

func serve(compact bool) {
	folder, err := os.MkdirTemp("", "etcd")
	if err != nil {
		log.Fatal(err)
	}
	err = answer(compact, folder, os.Stdin, os.Stdout)
	os.RemoveAll(folder)
	if err != nil {
		log.Fatal(err)
	}
}

func answer(compact bool, folder string, in io.Reader, out io.Writer) error {
	client, peer := freeURL(), freeURL()
	config := embed.NewConfig()
	config.Name = "n1"
	config.Dir = filepath.Join(folder, "data")
	config.ListenClientUrls, config.AdvertiseClientUrls = []url.URL{client}, []url.URL{client}
	config.ListenPeerUrls, config.AdvertisePeerUrls = []url.URL{peer}, []url.URL{peer}
	config.InitialCluster = config.Name + "=" + peer.String()
	config.LogLevel = "fatal"
	config.UnsafeNoFsync = true
	member, err := embed.StartEtcd(config)
	if err != nil {
		return err
	}
	defer member.Close()
	<-member.Server.ReadyNotify()
	connection, err := grpc.NewClient(client.Host, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer connection.Close()
	asker := &asker{kv: pb.NewKVClient(connection), compacts: compact}
	if err := asker.compact(1); err != nil {
		return err
	}

	lines := bufio.NewReaderSize(in, 1<<20)
	answers := bufio.NewWriter(out)
	for {
		line, err := lines.ReadString('\n')
		if err == io.EOF {
			return answers.Flush()
		}
		if err != nil {
			return err
		}
		answer, err := asker.answer(strings.Fields(line))
		if err != nil {
			return err
		}
		fmt.Fprintln(answers, answer)
		if err := answers.Flush(); err != nil {
			return err
		}
	}
}

func freeURL() url.URL {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer listener.Close()
	return url.URL{Scheme: "http", Host: listener.Addr().String()}
}

type asker struct {
	kv        pb.KVClient
	compacts  bool
	compacted int64
}

func (a *asker) compact(revision int64) error {
	if !a.compacts || revision <= a.compacted {
		return nil
	}
	a.compacted = revision
	_, err := a.kv.Compact(context.Background(), &pb.CompactionRequest{Revision: revision, Physical: true})
	return err
}

// answer asks etcd, and fails only if the line is no request.
func (a *asker) answer(line []string) (string, error) {
	if len(line) == 1 {
		line = append(line, "")
	}
	if len(line) != 2 {
		return "", fmt.Errorf("not a request: %q", line)
	}
	request, err := hex.DecodeString(line[1])
	if err != nil {
		return "", err
	}
	ctx := context.Background()
	switch line[0] {
	case "Range":
		r := &pb.RangeRequest{}
		return reply(a, r, request, func() (*pb.RangeResponse, error) { return a.kv.Range(ctx, r) })
	case "Put":
		r := &pb.PutRequest{}
		return reply(a, r, request, func() (*pb.PutResponse, error) { return a.kv.Put(ctx, r) })
	case "DeleteRange":
		r := &pb.DeleteRangeRequest{}
		return reply(a, r, request, func() (*pb.DeleteRangeResponse, error) { return a.kv.DeleteRange(ctx, r) })
	case "Txn":
		r := &pb.TxnRequest{}
		return reply(a, r, request, func() (*pb.TxnResponse, error) { return a.kv.Txn(ctx, r) })
	}
	return "", fmt.Errorf("unknown method %q", line[0])
}

type response interface {
	Marshal() ([]byte, error)
	GetHeader() *pb.ResponseHeader
}

type request interface {
	Unmarshal([]byte) error
}

func reply[R response](a *asker, request request, bytes []byte, ask func() (R, error)) (string, error) {
	if err := request.Unmarshal(bytes); err != nil {
		return "", err
	}
	response, err := ask()
	if err != nil {
		s, _ := status.FromError(err)
		return fmt.Sprintf("error %d %s", s.Code(), s.Message()), nil
	}
	// Who answers, and in which term, is not ours to repeat.
	header := response.GetHeader()
	header.ClusterId, header.MemberId, header.RaftTerm = 0, 0, 0
	encoded, err := response.Marshal()
	if err != nil {
		return "", err
	}
	return "ok " + hex.EncodeToString(encoded), a.compact(header.Revision)
}

func schema(pkg protoreflect.FullName) {
	files := 0
	protoregistry.GlobalFiles.RangeFilesByPackage(pkg, func(file protoreflect.FileDescriptor) bool {
		files++
		printMessages(file.Messages())
		printEnums(file.Enums())
		for i := 0; i < file.Services().Len(); i++ {
			methods := file.Services().Get(i).Methods()
			for j := 0; j < methods.Len(); j++ {
				m := methods.Get(j)
				fmt.Printf("method %s %s %s client-streaming=%t server-streaming=%t\n", m.FullName(), m.Input().FullName(),
					m.Output().FullName(), m.IsStreamingClient(), m.IsStreamingServer())
			}
		}
		return true
	})
	if files == 0 {
		log.Fatalf("no file of package %s", pkg)
	}
}

// The errors that a server can give that has keys, members and nothing else.
func printErrors() {
	for _, err := range []error{
		rpctypes.ErrGRPCEmptyKey, rpctypes.ErrGRPCKeyNotFound, rpctypes.ErrGRPCValueProvided, rpctypes.ErrGRPCLeaseProvided,
		rpctypes.ErrGRPCTooManyOps, rpctypes.ErrGRPCDuplicateKey, rpctypes.ErrGRPCInvalidSortOption,
		rpctypes.ErrGRPCRequestTooLarge, rpctypes.ErrGRPCLeaseNotFound, rpctypes.ErrGRPCRequestTooManyRequests,
		rpctypes.ErrGRPCCompacted, rpctypes.ErrGRPCFutureRev, rpctypes.ErrGRPCNoLeader, rpctypes.ErrGRPCLeaderChanged,
		rpctypes.ErrGRPCStopped, rpctypes.ErrGRPCTimeout, rpctypes.ErrGRPCNoSpace, rpctypes.ErrGRPCTimeoutDueToLeaderFail,
		rpctypes.ErrGRPCTimeoutWaitAppliedIndex,
	} {
		s, _ := status.FromError(err)
		fmt.Printf("error %d %s\n", s.Code(), s.Message())
	}
}

func printMessages(messages protoreflect.MessageDescriptors) {
	for i := 0; i < messages.Len(); i++ {
		message := messages.Get(i)
		for j := 0; j < message.Fields().Len(); j++ {
			f := message.Fields().Get(j)
			kind := f.Kind().String()
			if f.Message() != nil {
				kind = string(f.Message().FullName())
			} else if f.Enum() != nil {
				kind = string(f.Enum().FullName())
			}
			oneof := "-"
			if f.ContainingOneof() != nil {
				oneof = string(f.ContainingOneof().Name())
			}
			fmt.Printf("field %s %d %s %s %s\n", f.FullName(), f.Number(), f.Cardinality(), kind, oneof)
		}
		printEnums(message.Enums())
		printMessages(message.Messages())
	}
}

func printEnums(enums protoreflect.EnumDescriptors) {
	for i := 0; i < enums.Len(); i++ {
		values := enums.Get(i).Values()
		for j := 0; j < values.Len(); j++ {
			fmt.Printf("constant %s %s %d\n", enums.Get(i).FullName(), values.Get(j).Name(), values.Get(j).Number())
		}
	}
}
