package main

import (
	"fmt"
	"io"
	"log"
	"slices"

	"go.etcd.io/raft/v3"
	pb "go.etcd.io/raft/v3/raftpb"
)

// A group of etcd's own nodes, all on this one thread, that is led through everything for which there is a kind of message.
// Nothing here is random: elections are called for, not waited for.

const (
	first  = uint64(1)
	second = uint64(2)
	third  = topBit | 3
	fourth = uint64(4)
)

type node struct {
	*raft.RawNode
	storage   *raft.MemoryStorage
	confState *pb.ConfState
	applied   uint64
}

type group struct {
	nodes    map[uint64]*node
	order    []uint64
	cutOff   uint64
	inFlight []*pb.Message
	sent     int
}

func runGroup() {
	raft.SetLogger(&raft.DefaultLogger{Logger: log.New(io.Discard, "", 0)})
	g := &group{nodes: map[uint64]*node{}}
	voters := []uint64{first, second, third}
	for _, id := range voters {
		g.add(id, voters)
	}

	must(g.nodes[first].Campaign())
	g.settle()
	must(g.nodes[first].Propose([]byte("at the leader")))
	must(g.nodes[second].Propose([]byte("at a follower")))
	g.settle()
	g.nodes[first].Tick()
	g.settle()
	g.nodes[second].ReadIndex([]byte("a read"))
	g.settle()

	// One that was away rejects what does not fit, and is led back.
	g.cutOff = third
	for range 3 {
		must(g.nodes[first].Propose([]byte("not for the third")))
		g.settle()
	}
	g.cutOff = 0
	g.nodes[second].TransferLeader(second)
	g.settle()
	must(g.nodes[second].Propose([]byte("under the second")))
	g.settle()

	// One that comes late finds the log gone, and gets a snapshot.
	must(g.nodes[second].ProposeConfChange(&pb.ConfChange{
		Id: new(uint64(77)), Type: pb.ConfChangeAddLearnerNode.Enum(), NodeId: new(fourth), Context: []byte("late"),
	}))
	g.settle()
	g.compact(second)
	g.add(fourth, nil)
	g.nodes[second].Tick()
	g.settle()

	must(g.nodes[second].ProposeConfChange(&pb.ConfChangeV2{
		Transition: pb.ConfChangeTransitionJointExplicit.Enum(),
		Changes: []*pb.ConfChangeSingle{
			{Type: pb.ConfChangeAddNode.Enum(), NodeId: new(fourth)},
			{Type: pb.ConfChangeAddLearnerNode.Enum(), NodeId: new(third)},
		},
	}))
	g.settle()

	// A snapshot in the middle of a joint configuration.
	g.cutOff = third
	must(g.nodes[second].Propose([]byte("while joint")))
	g.settle()
	g.compact(second)
	g.cutOff = 0
	g.nodes[second].Tick()
	g.settle()
	must(g.nodes[second].ProposeConfChange(&pb.ConfChangeV2{}))
	g.settle()

	// A candidate whose log is behind is refused, before and after it is asked to campaign in earnest.
	g.cutOff = first
	must(g.nodes[second].Propose([]byte("not for the first")))
	g.settle()
	g.cutOff = 0
	must(g.nodes[first].Campaign())
	g.settle()
	must(g.nodes[first].Step(&pb.Message{
		Type: pb.MsgTimeoutNow.Enum(), From: new(second), To: new(first), Term: new(g.nodes[first].BasicStatus().GetTerm()),
	}))
	g.settle()
}

func (g *group) add(id uint64, voters []uint64) {
	storage := raft.NewMemoryStorage()
	confState := &pb.ConfState{}
	if voters != nil {
		confState.Voters = voters
		must(storage.ApplySnapshot(&pb.Snapshot{Metadata: &pb.SnapshotMetadata{
			ConfState: confState, Index: new(uint64(1)), Term: new(uint64(1)),
		}}))
	}
	g.nodes[id] = &node{storage: storage, confState: confState}
	g.nodes[id].start(id)
	g.order = append(g.order, id)
	slices.Sort(g.order)
}

func (n *node) start(id uint64) {
	rawNode, err := raft.NewRawNode(&raft.Config{
		ID: id, ElectionTick: 10, HeartbeatTick: 1, Storage: n.storage, Applied: n.applied,
		MaxSizePerMsg: 1 << 20, MaxInflightMsgs: 16, PreVote: true,
	})
	must(err)
	n.RawNode = rawNode
}

func (g *group) compact(id uint64) {
	n := g.nodes[id]
	_, err := n.storage.CreateSnapshot(n.applied, n.confState, []byte("state up to here"))
	must(err)
	must(n.storage.Compact(n.applied))
}

// settle lets everything happen that can happen without a tick.
func (g *group) settle() {
	for busy := true; busy; {
		busy = false
		for _, id := range g.order {
			for g.nodes[id].HasReady() {
				g.handleReady(g.nodes[id])
				busy = true
			}
		}
		letters := g.inFlight
		g.inFlight = nil
		for _, m := range letters {
			receiver, found := g.nodes[m.GetTo()]
			if !found || m.GetTo() == g.cutOff || m.GetFrom() == g.cutOff {
				continue
			}
			busy = true
			// An error says that the message was dropped, which is an answer too.
			_ = receiver.Step(m)
		}
	}
}

func (g *group) handleReady(n *node) {
	ready := n.Ready()
	if !raft.IsEmptySnap(ready.Snapshot) {
		must(n.storage.ApplySnapshot(ready.Snapshot))
		n.applied = ready.Snapshot.GetMetadata().GetIndex()
		n.confState = ready.Snapshot.GetMetadata().GetConfState()
	}
	must(n.storage.Append(ready.Entries))
	if !raft.IsEmptyHardState(ready.HardState) {
		must(n.storage.SetHardState(ready.HardState))
	}
	for _, m := range ready.Messages {
		g.sent++
		printValue(fmt.Sprintf("%d-%s", g.sent, m.GetType()), m)
		g.inFlight = append(g.inFlight, m)
	}
	for _, e := range ready.CommittedEntries {
		n.apply(e)
	}
	n.Advance(ready)
}

func (n *node) apply(e *pb.Entry) {
	switch e.GetType() {
	case pb.EntryConfChange:
		n.confState = n.ApplyConfChange(decode("ConfChange", hexOf(e.GetData())).(*pb.ConfChange))
	case pb.EntryConfChangeV2:
		n.confState = n.ApplyConfChange(decode("ConfChangeV2", hexOf(e.GetData())).(*pb.ConfChangeV2))
	}
	n.applied = e.GetIndex()
}

func must(err error) {
	if err != nil {
		fail(err.Error())
	}
}
