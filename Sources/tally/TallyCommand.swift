import ArgumentParser

/// The command line: one relay, and the tools around it.
@main
struct TallyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tally",
        abstract: "A live video-room relay that shows nobody what a participant has not agreed to.",
        subcommands: [
            ServeCommand.self, TokenCommand.self, PublishCommand.self, WatchCommand.self, SmokeCommand.self,
            FlipCommand.self, LoadCommand.self, ReceiptCommand.self, LedgerCommand.self, PartnerCommand.self,
            DestinationCommand.self,
        ]
    )
}
