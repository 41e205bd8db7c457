package dev.keelraft;

/** What became of a request to hand over leadership. */
public enum TransferResult {
    /** The leader brings the target up to date, then lets it campaign. It gives up after one election time-out. */
    STARTED,
    /** It was sent to the leader, and nothing more will be heard of it. */
    FORWARDED,
    /** Leadership is on its way to this target already. The deadline stays as it is. */
    IN_PROGRESS,
    /** The target leads already. A transfer to another node, if there was one, is called off. */
    ALREADY_LEADS,
    /** The target cannot lead: it is no member, or a learner. */
    NOT_A_VOTER,
    /** Nobody is known to lead. */
    NO_LEADER
}
