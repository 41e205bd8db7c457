package dev.keelraft.model;

/**
 * A message between two nodes of a group: an envelope around a {@link Body}.
 *
 * <p>The network may lose, double, delay and reorder messages; it must not change them. A transport that knows which node is
 * at the other end should refuse messages whose {@code from} is another, except {@link MessageType#TRANSFER_LEADER} (where it
 * names the node that is to lead) and forwarded {@link MessageType#PROPOSE} and {@link MessageType#READ_INDEX} (where it names
 * the node that began).
 *
 * @param type the kind
 * @param from the sender, but see above
 * @param to the receiver
 * @param term the sender's term; for votes and pre-votes the term that is asked for. {@code 0} in kinds that bear none
 * @param body what the message says, of the class that {@code type} names
 */
public record Message(MessageType type, long from, long to, long term, Body body) {
    /**
     * Checks that the body fits the kind.
     *
     * @param type the kind
     * @param from the sender
     * @param to the receiver
     * @param term at least 0
     * @param body of the class {@code type.bodyType()}
     */
    public Message {
        if (term < 0) {
            throw new IllegalArgumentException("negative term: " + term);
        }
        if (body.getClass() != type.bodyType()) {
            throw new IllegalArgumentException(
                    type + " carries a " + type.bodyType().getSimpleName() + ", not a "
                            + body.getClass().getSimpleName());
        }
    }

    /** One line: {@code 1->2 term 3 APPEND Append[...]}. */
    @Override
    public String toString() {
        return Long.toUnsignedString(from) + "->" + Long.toUnsignedString(to) + " term " + term + " " + type + " "
                + body;
    }
}
