package dev.keelraft.testkit;

import dev.keelraft.model.ConfState;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** Who is what in a configuration. */
final class Members {
    private Members() {}

    /** Whether it names somebody, as whatever. */
    static boolean names(ConfState members, long id) {
        return isVoter(members, id)
                || members.learners().contains(id)
                || members.learnersNext().contains(id);
    }

    /** Whether somebody votes in either half of a configuration. */
    static boolean isVoter(ConfState members, long id) {
        return members.voters().contains(id) || members.votersOutgoing().contains(id);
    }

    /** All that a configuration names, each once. */
    static Set<Long> all(ConfState members) {
        Set<Long> all = new TreeSet<>(members.voters());
        all.addAll(members.votersOutgoing());
        all.addAll(members.learners());
        all.addAll(members.learnersNext());
        return all;
    }

    /** Whether some are a majority of both halves of a configuration. */
    static boolean isQuorum(ConfState members, Set<Long> some) {
        return isMajority(members.voters(), some)
                && (members.votersOutgoing().isEmpty() || isMajority(members.votersOutgoing(), some));
    }

    private static boolean isMajority(List<Long> voters, Set<Long> some) {
        int count = 0;
        for (long voter : voters) {
            count += some.contains(voter) ? 1 : 0;
        }
        return 2 * count > voters.size();
    }
}
