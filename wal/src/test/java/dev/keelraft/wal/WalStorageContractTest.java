package dev.keelraft.wal;

import dev.keelraft.testkit.HostLog;
import dev.keelraft.testkit.StorageContract;
import java.io.IOException;
import org.junit.jupiter.api.Nested;

/** What the kernel reads of a {@link Wal} keeps the contract, from the cache and from the files, moved at once and later. */
class WalStorageContractTest {
    private static HostLog create(WalOptions options) throws IOException {
        return new WalLog(new MemoryFiles(), options);
    }

    @Nested
    class WithoutCache extends StorageContract {
        @Override
        protected HostLog create() throws IOException {
            return WalStorageContractTest.create(Driver.smallOptions(1).withCacheBytes(0));
        }
    }

    @Nested
    class WithASmallCache extends StorageContract {
        @Override
        protected HostLog create() throws IOException {
            return WalStorageContractTest.create(Driver.smallOptions(2).withCacheBytes(4000));
        }
    }

    @Nested
    class WithALargeCache extends StorageContract {
        @Override
        protected HostLog create() throws IOException {
            return WalStorageContractTest.create(Driver.smallOptions(3).withCacheBytes(32 << 20));
        }
    }

    @Nested
    class OnItsOwnThread extends StorageContract {
        @Override
        protected HostLog create() throws IOException {
            return WalStorageContractTest.create(
                    Driver.smallOptions(4).withCacheBytes(4000).onItsOwnThread());
        }
    }
}
