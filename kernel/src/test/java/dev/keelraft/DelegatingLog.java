package dev.keelraft;

import dev.keelraft.model.Snapshot;
import dev.keelraft.testkit.HostLog;

/** Hands everything on to another log; subclasses do it wrong. */
class DelegatingLog implements HostLog {
    final HostLog sound;

    DelegatingLog(HostLog sound) {
        this.sound = sound;
    }

    @Override
    public Storage storage() {
        return sound.storage();
    }

    @Override
    public void append(Ready ready) throws Exception {
        sound.append(ready);
    }

    @Override
    public void sync() throws Exception {
        sound.sync();
    }

    @Override
    public void saveSnapshot(Snapshot snapshot) throws Exception {
        sound.saveSnapshot(snapshot);
    }

    @Override
    public void compact(long index) throws Exception {
        sound.compact(index);
    }

    @Override
    public void fetchPending() throws Exception {
        sound.fetchPending();
    }

    @Override
    public void close() throws Exception {
        sound.close();
    }
}
