package dev.keelraft;

import dev.keelraft.model.Snapshot;
import dev.keelraft.testkit.HostLog;
import dev.keelraft.testkit.StorageContract;

/** The storage in memory keeps the contract. The package page of the kit shows this class. */
// tag::storage-contract
class MemoryStorageContractTest extends StorageContract {
    @Override
    protected HostLog create() {
        MemoryStorage storage = new MemoryStorage();
        return new HostLog() {
            @Override
            public Storage storage() {
                return storage;
            }

            @Override
            public void append(Ready ready) {
                storage.append(ready.snapshot(), ready.hardState(), ready.entries());
            }

            @Override
            public void saveSnapshot(Snapshot snapshot) {
                storage.saveSnapshot(snapshot);
            }

            @Override
            public void compact(long index) {
                storage.compact(index);
            }

            @Override
            public void sync() {} // a log on disk has more to do here

            @Override
            public void close() {}
        };
    }
}
// end::storage-contract
