// Package journal keeps a record of a pool in a file: a snapshot, then each operation with its
// outcome. Package replay makes such records of a pool, and runs them again.
//
// A journal is only ever appended to. A crash during an append costs the record that was being
// written, and no other: a reader finds the torn record, and says where it is (TornError).
//
// # The file
//
// A journal is a magic of 8 bytes, then frames, one after the other, to the end of the file. All
// numbers are unsigned and little-endian.
//
//	offset  bytes
//	0       7      the magic: 89 51 53 4A 0D 0A 1A, or "\x89QSJ\r\n\x1a"
//	7       1      the version of the file: 1
//	8       ...    frames
//
// A frame holds one record:
//
//	offset  bytes
//	0       4      n, the length of the record, from 1 to 2^28
//	4       4      the checksum of the 4 bytes before
//	8       4      the checksum of the record
//	12      n      the record
//
// A checksum is the CRC-32C (Castagnoli; reflected polynomial 0x82F63B78, begun with and at the end
// inverted by 0xFFFFFFFF, as in iSCSI): that of the text "123456789" is 0xE3069283. The length has
// one of its own, so that a length that was spoiled is not taken for the end of the file.
//
// A record is a message quotasched.v1.JournalRecord of protos/journal.proto in the binary format of
// protobuf. The first one is a header, with a format_version of 1. The second is a snapshot: the
// pool before the first step. All others are steps, numbered 1, 2, 3 and so on. A step has its
// operation, an outcome_hash of 32 bytes, and a state_hash of 32 bytes or of none.
//
// A reader of version 1 refuses files and records of any other version. It passes over unknown
// fields: a field that changes the meaning of others comes with another version.
//
// For example, the journal of a pool without a name begins so; its header is 4 bytes long:
//
//	89 51 53 4A 0D 0A 1A 01    the magic, version 1
//	04 00 00 00                the record has 4 bytes
//	34 7A 45 33 16 19 54 21    the checksums of the line above and of the line below
//	0A 02 08 01                header: { format_version: 1 }
//
// # Compression
//
// The whole file may be compressed, with gzip (RFC 1952) or Zstandard (RFC 8878), of which several
// members or frames may follow each other. A reader knows them by their own magics, 1F 8B and 28 B5
// 2F FD; the name of the file does not matter. Offsets in errors count bytes without compression.
// Compressed journals cannot be appended to when their writer has been closed.
//
// # Limits
//
// A record has at most 256 MiB: the snapshot of a million requests and a hundred thousand workers
// has about half of that. It may hold 10,000 messages, and one more for every 4 of its bytes. Of
// a compressed journal, at most 1 MiB is read, and 1000 bytes more for every compressed one.
// Beyond a limit a record is invalid (ErrInvalid), and the error names the limit; whatever a file
// says, a reader takes memory in proportion to its size. Of the snapshot it keeps the bytes: they
// are checked piece by piece, and become a message, which takes many times their memory, only when
// Reader.Snapshot is called.
//
// # Where a journal ends
//
// A journal ends cleanly after any frame. If the file ends within a frame, the frame is torn. So it
// is if a checksum is wrong and all is zero from the last byte of the frame to the end of the file,
// or, if it is the length's checksum, from the last byte of the two: some file systems leave such
// tails after a crash. In a compressed file, a stream that is cut is torn, too. A checksum that is
// wrong for any other reason is damage, and nothing after it can be trusted.
//
// # What is durable when
//
// Append hands a record to a buffer, Flush hands the buffer to the file, and Sync returns when the
// file system has said that all is on the disk. A dispatcher that answers only after Sync can prove
// all its answers.
package journal
