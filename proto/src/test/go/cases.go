package main

import (
	"bytes"
	"fmt"
	"math"

	pb "go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"
)

// The values whose meaning both sides must agree on; EtcdCases.java has the same ones, by the same names. No two numbers of a
// case are equal, where they can differ, so that no field can stand for another.

type namedValue struct {
	name  string
	value proto.Message
}

const topBit = uint64(1) << 63

func cases() []namedValue {
	all := []namedValue{
		{"append", message(pb.MsgApp, 7, func(m *pb.Message) {
			m.LogTerm, m.Index, m.Commit = new(uint64(5)), new(uint64(41)), new(uint64(40))
			m.Entries = []*pb.Entry{
				entry(6, 42, pb.EntryNormal, []byte("alpha")),
				entry(7, 43, pb.EntryConfChange, mustMarshal(confChangeV1())),
				entry(7, 44, pb.EntryConfChangeV2, mustMarshal(confChangeV2())),
				entry(7, 45, pb.EntryNormal, nil),
			}
		})},
		{"append-largest", &pb.Message{
			Type: pb.MsgApp.Enum(), To: new(topBit | 5), From: new(uint64(math.MaxUint64 - 2)),
			Term: new(uint64(math.MaxInt64)), LogTerm: new(uint64(math.MaxInt64 - 1)),
			Index: new(uint64(math.MaxInt64 - 1)), Commit: new(uint64(math.MaxInt64 - 2)),
			Entries: []*pb.Entry{entry(math.MaxInt64, math.MaxInt64, pb.EntryNormal, bytes.Repeat([]byte{0xa5}, 300))},
		}},
		{"append-zeros", message(pb.MsgApp, 1, func(m *pb.Message) {
			m.LogTerm, m.Index, m.Commit = new(uint64(0)), new(uint64(0)), new(uint64(0))
			m.Vote, m.RejectHint, m.Reject, m.Context = new(uint64(0)), new(uint64(0)), new(false), []byte{}
			m.Entries = []*pb.Entry{{Type: pb.EntryNormal.Enum(), Term: new(uint64(1)), Index: new(uint64(1)), Data: []byte{}}}
			// As members before etcd 3.7 do in every message.
			m.Snapshot = pb.EnsureSnapshot(&pb.Snapshot{})
		})},
		{"append-response", message(pb.MsgAppResp, 7, func(m *pb.Message) { m.Index = new(uint64(45)) })},
		{"append-response-rejected", message(pb.MsgAppResp, 7, func(m *pb.Message) {
			m.Index, m.Reject, m.RejectHint, m.LogTerm = new(uint64(41)), new(true), new(uint64(39)), new(uint64(5))
		})},
		{"vote", message(pb.MsgVote, 8, vote)},
		{"vote-transfer", message(pb.MsgVote, 8, func(m *pb.Message) {
			vote(m)
			m.Context = []byte("CampaignTransfer")
		})},
		{"vote-response", message(pb.MsgVoteResp, 8, nothing)},
		{"vote-response-rejected", message(pb.MsgVoteResp, 8, rejected)},
		{"pre-vote", message(pb.MsgPreVote, 8, vote)},
		{"pre-vote-response", message(pb.MsgPreVoteResp, 8, nothing)},
		{"pre-vote-response-rejected", message(pb.MsgPreVoteResp, 8, rejected)},
		{"heartbeat", message(pb.MsgHeartbeat, 7, func(m *pb.Message) { m.Commit = new(uint64(40)) })},
		{"heartbeat-context", message(pb.MsgHeartbeat, 7, func(m *pb.Message) {
			m.Commit, m.Context = new(uint64(40)), readContext()
		})},
		{"heartbeat-response", message(pb.MsgHeartbeatResp, 7, nothing)},
		{"heartbeat-response-context", message(pb.MsgHeartbeatResp, 7, func(m *pb.Message) { m.Context = readContext() })},
		{"snapshot", message(pb.MsgSnap, 7, func(m *pb.Message) { m.Snapshot = snapshot() })},
		{"transfer-leader", message(pb.MsgTransferLeader, 7, nothing)},
		{"timeout-now", message(pb.MsgTimeoutNow, 7, nothing)},
		{"read-index", &pb.Message{
			Type: pb.MsgReadIndex.Enum(), To: new(uint64(2)), From: new(uint64(3)),
			Entries: []*pb.Entry{{Data: readContext()}},
		}},
		{"read-index-response", message(pb.MsgReadIndexResp, 7, func(m *pb.Message) {
			m.Index, m.Entries = new(uint64(40)), []*pb.Entry{{Data: readContext()}}
		})},
		{"propose", &pb.Message{
			Type: pb.MsgProp.Enum(), To: new(uint64(2)), From: new(uint64(3)),
			Entries: []*pb.Entry{
				{Data: []byte("alpha")},
				{Type: pb.EntryConfChangeV2.Enum(), Data: mustMarshal(confChangeV2())},
				{},
			},
		}},
		{"entry", entry(6, 42, pb.EntryNormal, []byte("alpha"))},
		{"entry-zeros", entry(0, 0, pb.EntryNormal, []byte{})},
		{"hard-state", &pb.HardState{Term: new(uint64(7)), Vote: new(topBit | 5), Commit: new(uint64(40))}},
		{"conf-state", &pb.ConfState{Voters: []uint64{1, 2, topBit | 5}, Learners: []uint64{4}}},
		{"conf-state-joint", jointConfState()},
		{"snapshot-value", snapshot()},
		{"conf-change-v1", confChangeV1()},
		{"conf-change-v1-zeros", &pb.ConfChange{Type: pb.ConfChangeAddNode.Enum(), NodeId: new(uint64(4))}},
		{"conf-change-v2", confChangeV2()},
		{"conf-change-v2-implicit", &pb.ConfChangeV2{
			Transition: pb.ConfChangeTransitionJointImplicit.Enum(),
			Changes:    []*pb.ConfChangeSingle{{Type: pb.ConfChangeUpdateNode.Enum(), NodeId: new(uint64(6))}},
		}},
		{"conf-change-v2-leave", &pb.ConfChangeV2{}},
	}
	for number := range pb.MessageType_name {
		if local := pb.MessageType(number); isLocal(local) {
			all = append(all, namedValue{fmt.Sprintf("local-%d", number), message(local, 7, nothing)})
		}
	}
	return inOrder(all)
}

func message(kind pb.MessageType, term uint64, body func(*pb.Message)) *pb.Message {
	m := &pb.Message{Type: kind.Enum(), To: new(uint64(2)), From: new(uint64(3)), Term: new(term)}
	body(m)
	return m
}

func nothing(*pb.Message) {}

func rejected(m *pb.Message) { m.Reject = new(true) }

func vote(m *pb.Message) { m.Index, m.LogTerm = new(uint64(45)), new(uint64(7)) }

func entry(term, index uint64, kind pb.EntryType, data []byte) *pb.Entry {
	e := &pb.Entry{Term: new(term), Index: new(index), Data: data}
	if kind != pb.EntryNormal {
		e.Type = kind.Enum()
	}
	return e
}

func readContext() []byte { return []byte{0, 1, 0x7f, 0x80, 0xff, 0} }

func jointConfState() *pb.ConfState {
	return &pb.ConfState{
		Voters: []uint64{1, 2, topBit | 5}, Learners: []uint64{4},
		VotersOutgoing: []uint64{1, 3, 6}, LearnersNext: []uint64{6}, AutoLeave: new(true),
	}
}

func snapshot() *pb.Snapshot {
	return &pb.Snapshot{
		Data:     []byte("descriptor"),
		Metadata: &pb.SnapshotMetadata{ConfState: jointConfState(), Index: new(uint64(39)), Term: new(uint64(5))},
	}
}

func confChangeV1() *pb.ConfChange {
	return &pb.ConfChange{
		Id: new(uint64(9)), Type: pb.ConfChangeRemoveNode.Enum(), NodeId: new(topBit | 5), Context: []byte("address"),
	}
}

func confChangeV2() *pb.ConfChangeV2 {
	return &pb.ConfChangeV2{
		Transition: pb.ConfChangeTransitionJointExplicit.Enum(),
		Changes: []*pb.ConfChangeSingle{
			{NodeId: new(uint64(4))},
			{Type: pb.ConfChangeRemoveNode.Enum(), NodeId: new(topBit | 5)},
			{Type: pb.ConfChangeAddLearnerNode.Enum(), NodeId: new(uint64(6))},
		},
		Context: []byte("address"),
	}
}

func mustMarshal(value proto.Message) []byte {
	encoded, err := proto.Marshal(value)
	if err != nil {
		fail(err.Error())
	}
	return encoded
}
