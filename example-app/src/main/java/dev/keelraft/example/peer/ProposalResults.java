package dev.keelraft.example.peer;

import dev.keelraft.ProposalResult;
import dev.keelraft.example.peer.wire.ProposeResponse;
import io.grpc.Status;
import io.grpc.StatusException;

/** What became of proposals, on the wire. */
final class ProposalResults {
    private ProposalResults() {}

    static ProposeResponse encode(ProposalResult result) {
        return ProposeResponse.newBuilder()
                .setOutcome(outcome(result.outcome()))
                .setTerm(result.term())
                .setIndex(result.index())
                .setLeader(result.leader())
                .build();
    }

    /**
     * Decodes a result.
     *
     * @throws StatusException if a newer peer tells of an outcome that this version does not know: to take it for any that we
     *     know could make the caller repeat what is already in the log
     */
    static ProposalResult decode(ProposeResponse response) throws StatusException {
        ProposalResult.Outcome outcome = switch (response.getOutcome()) {
            case ACCEPTED -> ProposalResult.Outcome.ACCEPTED;
            case FORWARDED -> ProposalResult.Outcome.FORWARDED;
            case NO_LEADER -> ProposalResult.Outcome.NO_LEADER;
            case NOT_LEADER -> ProposalResult.Outcome.NOT_LEADER;
            case LEADER_TRANSFER -> ProposalResult.Outcome.LEADER_TRANSFER;
            case LOG_FULL -> ProposalResult.Outcome.LOG_FULL;
            case TOO_LARGE -> ProposalResult.Outcome.TOO_LARGE;
            case NOT_MEMBER -> ProposalResult.Outcome.NOT_MEMBER;
            case CONF_CHANGE_PENDING -> ProposalResult.Outcome.CONF_CHANGE_PENDING;
            case CONF_CHANGE_INVALID -> ProposalResult.Outcome.CONF_CHANGE_INVALID;
            case EMPTY -> ProposalResult.Outcome.EMPTY;
            case OUTCOME_UNSPECIFIED, UNRECOGNIZED ->
                throw Status.UNKNOWN
                        .withDescription("keel: the peer answered a proposal with outcome "
                                + response.getOutcomeValue()
                                + ", which this version does not know: it may or may not be in the log")
                        .asException();
        };
        if (response.getTerm() < 0 || response.getIndex() < 0) {
            throw Status.INTERNAL
                    .withDescription("keel: the peer answered a proposal with a negative term or index")
                    .asException();
        }
        return new ProposalResult(outcome, response.getTerm(), response.getIndex(), response.getLeader());
    }

    private static ProposeResponse.Outcome outcome(ProposalResult.Outcome outcome) {
        return switch (outcome) {
            case ACCEPTED -> ProposeResponse.Outcome.ACCEPTED;
            case FORWARDED -> ProposeResponse.Outcome.FORWARDED;
            case NO_LEADER -> ProposeResponse.Outcome.NO_LEADER;
            case NOT_LEADER -> ProposeResponse.Outcome.NOT_LEADER;
            case LEADER_TRANSFER -> ProposeResponse.Outcome.LEADER_TRANSFER;
            case LOG_FULL -> ProposeResponse.Outcome.LOG_FULL;
            case TOO_LARGE -> ProposeResponse.Outcome.TOO_LARGE;
            case NOT_MEMBER -> ProposeResponse.Outcome.NOT_MEMBER;
            case CONF_CHANGE_PENDING -> ProposeResponse.Outcome.CONF_CHANGE_PENDING;
            case CONF_CHANGE_INVALID -> ProposeResponse.Outcome.CONF_CHANGE_INVALID;
            case EMPTY -> ProposeResponse.Outcome.EMPTY;
        };
    }
}
