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
 * @param incarnation which life of the sender's data directory speaks, any 64 bits; 0 if it does not say. See {@code
 *     RaftConfig.Builder.incarnation}
 */
public record Message(MessageType type, long from, long to, long term, Body body, long incarnation) {
    /**
     * Checks that the body fits the kind, and that the sender speaks for itself alone.
     *
     * @param type the kind
     * @param from the sender
     * @param to the receiver
     * @param term at least 0
     * @param body of the class {@code type.bodyType()}
     * @param incarnation 0 in kinds whose {@code from} may be another node ({@link MessageType#namesOrigin()})
     */
    public Message {
        if (incarnation != 0 && type.namesOrigin()) {
            throw new IllegalArgumentException(type + " may be passed on for another node, and bears no incarnation");
        }
        if (term < 0) {
            throw new IllegalArgumentException("negative term: " + term);
        }
        if (body.getClass() != type.bodyType()) {
            throw new IllegalArgumentException(
                    type + " carries a " + type.bodyType().getSimpleName() + ", not a "
                            + body.getClass().getSimpleName());
        }
    }

    /** A message of a sender without an incarnation. */
    public Message(MessageType type, long from, long to, long term, Body body) {
        this(type, from, to, term, body, 0);
    }

    /** One line: {@code 1->2 term 3 APPEND Append[...]}. */
    @Override
    public String toString() {
        return Long.toUnsignedString(from) + (incarnation == 0 ? "" : "#" + Long.toHexString(incarnation)) + "->"
                + Long.toUnsignedString(to) + " term " + term + " " + type + " " + body;
    }
}
