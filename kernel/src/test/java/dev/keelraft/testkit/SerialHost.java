package dev.keelraft.testkit;

import dev.keelraft.Ready;

/** The loop with one Ready at a time: it waits for the disk, applies, and advances. */
public final class SerialHost extends HostLoop {
    private boolean writing;

    /** Starts a life. */
    public SerialHost(Site site) {
        super(site);
        pump();
    }

    @Override
    void pump() {
        while (!writing && node.hasReady()) {
            Ready ready = node.ready();
            writing = true;
            taken(ready);
            send(ready.messages());
            site.write(ready, () -> {
                finish(ready);
                writing = false;
                pump();
            });
        }
    }

    private void finish(Ready ready) {
        stored(ready);
        send(ready.messagesAfterPersist());
        install(ready.snapshot());
        apply(ready.committedEntries());
        noteReads(ready);
        node.advance(ready);
    }
}
