package dev.keelraft.testkit;

import dev.keelraft.Ready;
import java.util.ArrayDeque;

/** The loop with asynchronous storage writes: the disk and the state machine have their own queues, and the node does not wait. */
public final class PipelinedHost extends HostLoop {
    private final ArrayDeque<Ready> toApply = new ArrayDeque<>();
    private boolean applying;
    private boolean pumping;

    /** Starts a life. */
    public PipelinedHost(Site site) {
        super(site);
        pump();
    }

    @Override
    void pump() {
        if (pumping) {
            return;
        }
        pumping = true;
        while (node.hasReady()) {
            Ready ready = node.ready();
            taken(ready);
            send(ready.messages());
            noteReads(ready);
            if (!ready.committedEntries().isEmpty()) {
                toApply.add(ready);
                applyNext();
            }
            site.write(ready, () -> persisted(ready));
        }
        pumping = false;
    }

    private void persisted(Ready ready) {
        stored(ready);
        install(ready.snapshot());
        node.persisted(ready);
        send(ready.messagesAfterPersist());
        pump();
    }

    private void applyNext() {
        if (applying || toApply.isEmpty()) {
            return;
        }
        applying = true;
        site.later(site.applyMillis(), () -> {
            Ready ready = toApply.remove();
            apply(ready.committedEntries());
            node.applied(ready);
            applying = false;
            applyNext();
            pump();
        });
    }
}
