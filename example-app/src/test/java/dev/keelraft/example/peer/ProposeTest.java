package dev.keelraft.example.peer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keelraft.ProposalResult;
import dev.keelraft.ProposalResult.Outcome;
import dev.keelraft.example.peer.wire.ProposeResponse;
import io.grpc.Deadline;
import io.grpc.Status;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ProposeTest {
    private final Recorder hostA = new Recorder();
    private final Recorder hostB = new Recorder();

    private PeerTransport a(TestNet net, boolean withB) throws Exception {
        Peer a = TestNet.peer(TestNet.A, TestNet.freePort());
        Peer b = TestNet.peer(TestNet.B, TestNet.freePort());
        if (withB) {
            net.start(b, List.of(a), hostB);
        }
        PeerTransport transport = net.start(a, List.of(b), hostA);
        if (withB) {
            Await.until("a reaches b", () -> transport.isReachable(TestNet.B));
        }
        return transport;
    }

    private static Deadline soon() {
        return Deadline.after(10, TimeUnit.SECONDS);
    }

    @Test
    void every_outcome_comes_back_as_it_was() throws Exception {
        try (TestNet net = new TestNet()) {
            PeerTransport a = a(net, true);
            for (Outcome outcome : Outcome.values()) {
                ProposalResult result = new ProposalResult(outcome, 5, Long.MAX_VALUE, TestNet.A);
                AtomicReference<byte[]> asked = new AtomicReference<>();
                hostB.proposing = (data, deadline) -> {
                    asked.set(data);
                    return CompletableFuture.completedFuture(result);
                };
                assertThat(a.propose(TestNet.B, new byte[] {1, 2, 3}, soon()).get(10, TimeUnit.SECONDS))
                        .isEqualTo(result);
                assertThat(asked.get()).containsExactly(1, 2, 3);
            }
        }
    }

    @Test
    void an_outcome_of_a_newer_version_is_a_failure_and_not_some_other_outcome() {
        for (int number : new int[] {0, 12, 99}) {
            assertThatThrownBy(() -> ProposalResults.decode(
                            ProposeResponse.newBuilder().setOutcomeValue(number).build()))
                    .hasMessageContaining("outcome " + number)
                    .hasMessageContaining("may or may not be in the log");
        }
    }

    @Test
    void a_proposal_that_nobody_answers_ends_at_its_deadline() throws Exception {
        try (TestNet net = new TestNet()) {
            PeerTransport a = a(net, true);
            CompletableFuture<Deadline> seen = new CompletableFuture<>();
            hostB.proposing = (data, deadline) -> {
                seen.complete(deadline);
                return new CompletableFuture<>();
            };
            CompletableFuture<ProposalResult> future =
                    a.propose(TestNet.B, new byte[1], Deadline.after(300, TimeUnit.MILLISECONDS));
            assertThatThrownBy(() -> future.get(10, TimeUnit.SECONDS)).hasMessageContaining("DEADLINE_EXCEEDED");
            assertThat(seen.get(1, TimeUnit.SECONDS).timeRemaining(TimeUnit.MILLISECONDS))
                    .isLessThanOrEqualTo(300);
        }
    }

    @Test
    void a_failure_of_the_host_comes_back_with_its_text() throws Exception {
        try (TestNet net = new TestNet()) {
            PeerTransport a = a(net, true);
            hostB.proposing =
                    (data, deadline) -> CompletableFuture.failedFuture(new IllegalStateException("disk lost"));
            assertThatThrownBy(() -> a.propose(TestNet.B, new byte[1], soon()).get(10, TimeUnit.SECONDS))
                    .hasMessageContaining("INTERNAL")
                    .hasMessageContaining("disk lost");
            hostB.proposing = (data, deadline) -> {
                throw Status.RESOURCE_EXHAUSTED.withDescription("busy").asRuntimeException();
            };
            assertThatThrownBy(() -> a.propose(TestNet.B, new byte[1], soon()).get(10, TimeUnit.SECONDS))
                    .hasMessageContaining("RESOURCE_EXHAUSTED: busy");
        }
    }

    @Test
    void a_peer_that_is_down_fails_at_once_and_so_does_an_unknown_one() throws Exception {
        try (TestNet net = new TestNet()) {
            PeerTransport a = a(net, false);
            Await.until("a knows", () -> !hostA.unreachable.isEmpty());
            assertThat(a.propose(TestNet.B, new byte[1], soon())).isCompletedExceptionally();
            assertThatThrownBy(() -> a.propose(TestNet.B, new byte[1], soon()).get(1, TimeUnit.SECONDS))
                    .hasMessageContaining("cannot be reached")
                    .hasMessageContaining("Connection refused");
            assertThat(a.propose(TestNet.C, new byte[1], soon())).isCompletedExceptionally();
        }
    }

    @Test
    void what_is_longer_than_any_entry_is_refused_here() throws Exception {
        try (TestNet net = new TestNet()) {
            PeerTransport a = a(net, true);
            assertThat(a.propose(TestNet.B, new byte[TestNet.OPTIONS.maxMessageBytes() + 1], soon())
                            .get(1, TimeUnit.SECONDS)
                            .outcome())
                    .isEqualTo(Outcome.TOO_LARGE);
        }
    }

    @Test
    void unanswered_proposals_are_bounded_and_fail_when_the_transport_closes() throws Exception {
        try (TestNet net = new TestNet()) {
            PeerTransport a = a(net, true);
            hostB.proposing = (data, deadline) -> new CompletableFuture<>();
            CompletableFuture<ProposalResult> first = a.propose(TestNet.B, new byte[1], soon());
            for (int i = 1; i < ProposeCalls.CALLS_MAX; i++) {
                assertThat(a.propose(TestNet.B, new byte[1], soon())).isNotDone();
            }
            assertThatThrownBy(() -> a.propose(TestNet.B, new byte[1], soon()).get(1, TimeUnit.SECONDS))
                    .hasMessageContaining("RESOURCE_EXHAUSTED");
            assertThat(first.cancel(false)).isTrue();
            CompletableFuture<ProposalResult> last = a.propose(TestNet.B, new byte[1], soon());
            assertThat(last).isNotDone();
            a.close();
            assertThat(last).isCompletedExceptionally();
            assertThat(a.propose(TestNet.B, new byte[1], soon())).isCompletedExceptionally();
        }
    }
}
